import { LOCALE_VARIABLE, UTF8_LOCALE } from '../utf8-locale.ts';

/** Variables that would bend our own Python and Spark towards other installations, or hand them options meant for those. */
const FOREIGN =
  /^(PYTHON(PATH|HOME|STARTUP|USERBASE)|__PYVENV_LAUNCHER__|PIP_(TARGET|PREFIX|ROOT|PYTHON|USER|REQUIRE_VIRTUALENV)|(SPARK|PYSPARK|HADOOP)_.*)$/;

/**
 * The environment of Python, pip, Java and Ivy: this process's, with its proxies and mirrors (PIP_*), in UTF-8, without what
 * belongs to another Python or Spark.
 */
export function toolEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const own = Object.entries(environment).filter(
    ([name]) => !FOREIGN.test(name) && !LOCALE_VARIABLE.test(name),
  );
  return { ...Object.fromEntries(own), ...UTF8_LOCALE };
}

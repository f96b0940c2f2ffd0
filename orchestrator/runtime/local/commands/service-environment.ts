import { noProxyOf, withLoopback } from '../no-proxy.ts';
import type { RunLayout } from '../run-layout.ts';
import { RUN_DIR_VARIABLE } from '../stack-process.ts';
import { UTF8_LOCALE } from '../utf8-locale.ts';

/**
 * What services inherit from the caller's environment: the machine's own (search path, home, time zone), the way to
 * the network (proxies, private certificates), and the credentials that Hadoop's file systems read for OUTPUT_PATH. Anything
 * else, such as SPARK_* or PYTHON* of another installation, would change what runs from one shell to the next.
 */
const INHERITED =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|(HTTPS?|ALL|FTP)_PROXY|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|PIP_CERT|CURL_CA_BUNDLE|XDG_(CACHE_HOME|RUNTIME_DIR)|AWS_\w+|AZURE_\w+|GOOGLE_APPLICATION_CREDENTIALS|HADOOP_CONF_DIR|HADOOP_USER_NAME)$/i;

/** The environment that every service and the supervisor get. */
export function serviceEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  layout: RunLayout,
): Readonly<Record<string, string>> {
  const inherited = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && INHERITED.test(entry[0]),
  );
  const noProxy = withLoopback(noProxyOf(environment));
  return {
    ...Object.fromEntries(inherited),
    ...UTF8_LOCALE,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    [RUN_DIR_VARIABLE]: layout.runDir,
  };
}

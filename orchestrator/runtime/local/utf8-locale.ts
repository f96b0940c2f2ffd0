/**
 * What every program that we start takes for its locale, whatever the caller's is. A JVM in the C locale writes `caf?` for `café`, in
 * file names too; one in Persian names Kafka's segments with digits that Kafka does not read back.
 */
export const UTF8_LOCALE: Readonly<Record<string, string>> = {
  LC_ALL: process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8',
};

/** The same for Java's own texts and numbers: on macOS it takes them from the system's preferences instead. */
export const JAVA_LOCALE_OPTIONS = ['-Duser.language=en', '-Duser.country=US'] as const;

/** Variables that the locale stands in for. */
export const LOCALE_VARIABLE = /^(LANG|LANGUAGE|LC_\w+)$/;

/** What a JVM that crashed leaves in its working folder, as the source of a regular expression. */
export const JAVA_CRASH_FILES = String.raw`(hs_err|replay|java)_pid\d+\.(log|hprof)|core(\.\d+)?`;

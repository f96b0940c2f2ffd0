const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const HOST = `${LABEL}(?:\\.${LABEL}){0,30}`;
const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4 = `${BYTE}(?:\\.${BYTE}){3}`;
const H16 = '[0-9A-Fa-f]{1,4}';
/** RFC 4291: eight groups, or fewer with one `::`; the last two can be an IPv4 address. */
const LS32 = `(?:${H16}:${H16}|${IPV4})`;
const IPV6 = [
  `(?:${H16}:){6}${LS32}`,
  `::(?:${H16}:){5}${LS32}`,
  `(?:${H16})?::(?:${H16}:){4}${LS32}`,
  `(?:(?:${H16}:){0,1}${H16})?::(?:${H16}:){3}${LS32}`,
  `(?:(?:${H16}:){0,2}${H16})?::(?:${H16}:){2}${LS32}`,
  `(?:(?:${H16}:){0,3}${H16})?::${H16}:${LS32}`,
  `(?:(?:${H16}:){0,4}${H16})?::${LS32}`,
  `(?:(?:${H16}:){0,5}${H16})?::${H16}`,
  `(?:(?:${H16}:){0,6}${H16})?::`,
].join('|');

/** The regular expressions that stand for ODCS's `format` of a string. */
export const STRING_FORMATS: Readonly<Record<string, string>> = {
  uuid: '^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$',
  // The HTML standard's definition of a valid e-mail address.
  email: `^[A-Za-z0-9.!#$%&'*+\\/=?^_\`{|}~-]+@${HOST}$`,
  ipv4: `^${IPV4}$`,
  ipv6: `^(?:${IPV6})$`,
  hostname: `^${HOST}$`,
  // RFC 3986: a scheme, then only characters that a URI can have.
  uri: "^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:\\/?#\\[\\]@!$&'()*+,;=%-]+$",
};

import { faker } from '@faker-js/faker/locale/en';
import type { FakerMethod } from '../../../orchestrator/pipeline/generate/generation.ts';
import { derivedSeed } from '../../generate/random.ts';

/** The methods that a hint can name. Each is called as it stands here: nothing is evaluated. */
const METHODS: Readonly<Record<FakerMethod, () => string>> = {
  'airline.airport': () => faker.airline.airport().iataCode,
  'airline.flightNumber': () => faker.airline.flightNumber(),
  'animal.type': () => faker.animal.type(),
  'book.title': () => faker.book.title(),
  'color.human': () => faker.color.human(),
  'commerce.department': () => faker.commerce.department(),
  'commerce.product': () => faker.commerce.product(),
  'commerce.productName': () => faker.commerce.productName(),
  'company.catchPhrase': () => faker.company.catchPhrase(),
  'company.name': () => faker.company.name(),
  'finance.bic': () => faker.finance.bic(),
  'finance.currencyCode': () => faker.finance.currencyCode(),
  'finance.iban': () => faker.finance.iban(),
  'hacker.phrase': () => faker.hacker.phrase(),
  'internet.domainName': () => faker.internet.domainName(),
  'internet.email': () => faker.internet.email(),
  'internet.httpMethod': () => faker.internet.httpMethod(),
  'internet.ipv4': () => faker.internet.ipv4(),
  'internet.ipv6': () => faker.internet.ipv6(),
  'internet.mac': () => faker.internet.mac(),
  'internet.url': () => faker.internet.url(),
  'internet.userAgent': () => faker.internet.userAgent(),
  'internet.username': () => faker.internet.username(),
  'location.city': () => faker.location.city(),
  'location.country': () => faker.location.country(),
  'location.countryCode': () => faker.location.countryCode(),
  'location.state': () => faker.location.state(),
  'location.streetAddress': () => faker.location.streetAddress(),
  'location.timeZone': () => faker.location.timeZone(),
  'location.zipCode': () => faker.location.zipCode(),
  'lorem.sentence': () => faker.lorem.sentence(),
  'lorem.slug': () => faker.lorem.slug(),
  'lorem.word': () => faker.lorem.word(),
  'lorem.words': () => faker.lorem.words(),
  'music.genre': () => faker.music.genre(),
  'person.firstName': () => faker.person.firstName(),
  'person.fullName': () => faker.person.fullName(),
  'person.jobTitle': () => faker.person.jobTitle(),
  'person.lastName': () => faker.person.lastName(),
  'phone.number': () => faker.phone.number(),
  'string.alphanumeric': () => faker.string.alphanumeric(10),
  'string.hexadecimal': () => faker.string.hexadecimal({ length: 16, prefix: '' }),
  'string.nanoid': () => faker.string.nanoid(),
  // Its time is faker's own otherwise, which differs from run to run.
  'string.ulid': () => faker.string.ulid({ refDate: '2026-01-01T00:00:00Z' }),
  'string.uuid': () => faker.string.uuid(),
  'system.commonFileName': () => faker.system.commonFileName(),
  'system.fileName': () => faker.system.fileName(),
  'system.mimeType': () => faker.system.mimeType(),
  'system.semver': () => faker.system.semver(),
  'vehicle.manufacturer': () => faker.vehicle.manufacturer(),
  'vehicle.model': () => faker.vehicle.model(),
  'vehicle.vin': () => faker.vehicle.vin(),
  'word.noun': () => faker.word.noun(),
};

/**
 * A population of texts, the same in every run for a name. faker costs microseconds a text, so its
 * texts are made once and drawn from.
 *
 * @param name what the population is for; others have other texts
 */
export function fakerTexts(method: FakerMethod, count: number, name: string): readonly string[] {
  faker.seed([...derivedSeed(method, name)]);
  return Array.from({ length: count }, METHODS[method]);
}

/** The words of names of fields, the most telling first, and what such fields hold. */
const BY_NAME: readonly (readonly [RegExp, FakerMethod])[] = [
  [/(^|_)(uuid|guid)$/, 'string.uuid'],
  [/e_?mail/, 'internet.email'],
  [/(^|_)(ip|ip_?v4|ip_?address|client_?ip|ip_addr)$/, 'internet.ipv4'],
  [/(^|_)mac(_address)?$/, 'internet.mac'],
  [/phone|mobile(_number)?$|(^|_)tel$/, 'phone.number'],
  [/first_?name|given_?name/, 'person.firstName'],
  [/last_?name|sur_?name|family_?name/, 'person.lastName'],
  [/user_?name|login|nick_?name|handle$/, 'internet.username'],
  [/user_?agent/, 'internet.userAgent'],
  [
    /(^|_)(company|merchant|vendor|shop|store|seller|brand|manufacturer|supplier|employer)(_name)?$/,
    'company.name',
  ],
  [/file_?name$|(^|_)file$/, 'system.commonFileName'],
  [/host(_?name)?$|domain/, 'internet.domainName'],
  [/(^|_)(product|item|article|pizza|dish)(_name)?$/, 'commerce.productName'],
  [/(^|_)(category|department|genre|segment)$/, 'commerce.department'],
  [/city|town/, 'location.city'],
  [/country_?code|(^|_)iso_?country/, 'location.countryCode'],
  [/country/, 'location.country'],
  [/(^|_)(state|region|province)(_name)?$/, 'location.state'],
  [/zip|post_?code|postal/, 'location.zipCode'],
  [/street|address/, 'location.streetAddress'],
  [/time_?zone|(^|_)tz$/, 'location.timeZone'],
  [/currency/, 'finance.currencyCode'],
  [/iban/, 'finance.iban'],
  [/(^|_)(url|uri|link|referr?er|page|website)$/, 'internet.url'],
  [/http_?method|(^|_)method$|(^|_)verb$/, 'internet.httpMethod'],
  [/colou?r/, 'color.human'],
  [/job|profession|occupation/, 'person.jobTitle'],
  [/mime|content_?type/, 'system.mimeType'],
  [/version/, 'system.semver'],
  [/vin$/, 'vehicle.vin'],
  [/(^|_)model$/, 'vehicle.model'],
  [/airport/, 'airline.airport'],
  [/flight/, 'airline.flightNumber'],
  [/(^|_)(title|subject)$/, 'book.title'],
  [/comment|message|description|(^|_)(text|note|body|remark|summary)s?$/, 'lorem.sentence'],
  [/(^|_)name$/, 'person.fullName'],
];

/** The name of a field as lower-case words with underscores: `userAgent` is `user_agent`. */
export function wordsOf(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .toLowerCase();
}

/** What a text field of this name most likely holds. */
export function fakerMethodFor(name: string): FakerMethod | undefined {
  const words = wordsOf(name);
  return BY_NAME.find(([pattern]) => pattern.test(words))?.[1];
}

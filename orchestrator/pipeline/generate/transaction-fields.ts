import type { Field, Type } from '../model.ts';
import type { YamlValue } from '../yaml-source.ts';

/** The types of the fields of a card transaction. */
const TRANSACTION: Readonly<Record<string, readonly Type['kind'][]>> = {
  txn_id: ['string'],
  event_ts: ['timestamp'],
  user_id: ['string'],
  card_id: ['string'],
  merchant: ['string'],
  category: ['string'],
  amount: ['decimal', 'double'],
  currency: ['string'],
  status: ['string'],
  city: ['string'],
  country: ['string'],
  lat: ['double', 'decimal'],
  lon: ['double', 'decimal'],
};

/** Refuses the strategy `transactions` for a contract whose events card transactions are not. @throws Refusal */
export function refuseOtherEvents(place: YamlValue, fields: readonly Field[], key: string | null): void {
  const form = 'sample or contract; transactions only for a contract with the fields of a card transaction';
  for (const [name, kinds] of Object.entries(TRANSACTION)) {
    const field = fields.find((each) => each.name === name);
    if (!field) place.refuse(`the contract has no field ${name}`, form);
    if (!kinds.includes(field.type.kind) || (field.type.kind === 'timestamp' && 'epoch' in field.type))
      place.refuse(`${name} is of type ${field.type.kind}, and a card transaction has another`, form);
  }
  const other = fields.find(({ name, required }) => required && !Object.hasOwn(TRANSACTION, name));
  if (other) place.refuse(`the contract requires ${other.name}, which no card transaction has`, form);
  if (key !== 'card_id') place.refuse(`source.key is ${key ?? 'not given'}, and not card_id`, form);
}

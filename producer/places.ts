/** A city where cards are used, with what must agree with it. */
export interface Place {
  readonly city: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** ISO 4217 code of the currency that is legal tender there. */
  readonly currency: string;
  /** Degrees north of the city's centre, WGS 84. */
  readonly lat: number;
  /** Degrees east of the city's centre, WGS 84. */
  readonly lon: number;
}

/** How amounts are written in a currency. */
export interface Currency {
  /** Decimals of the minor unit (ISO 4217), never more than two here: the job keeps decimal(18,2). */
  readonly decimals: 0 | 2;
  /** Rough price level: how many units cost what one euro does. Only magnitudes matter. */
  readonly unitsPerEuro: number;
}

export const places: readonly Place[] = [
  { city: 'Amsterdam', country: 'NL', currency: 'EUR', lat: 52.3676, lon: 4.9041 },
  { city: 'Athens', country: 'GR', currency: 'EUR', lat: 37.9838, lon: 23.7275 },
  { city: 'Barcelona', country: 'ES', currency: 'EUR', lat: 41.3874, lon: 2.1686 },
  { city: 'Berlin', country: 'DE', currency: 'EUR', lat: 52.52, lon: 13.405 },
  { city: 'Dublin', country: 'IE', currency: 'EUR', lat: 53.3498, lon: -6.2603 },
  { city: 'Lisbon', country: 'PT', currency: 'EUR', lat: 38.7223, lon: -9.1393 },
  { city: 'Milan', country: 'IT', currency: 'EUR', lat: 45.4642, lon: 9.19 },
  { city: 'Paris', country: 'FR', currency: 'EUR', lat: 48.8566, lon: 2.3522 },
  { city: 'Vienna', country: 'AT', currency: 'EUR', lat: 48.2082, lon: 16.3738 },
  { city: 'London', country: 'GB', currency: 'GBP', lat: 51.5074, lon: -0.1278 },
  { city: 'Manchester', country: 'GB', currency: 'GBP', lat: 53.4808, lon: -2.2426 },
  { city: 'Zürich', country: 'CH', currency: 'CHF', lat: 47.3769, lon: 8.5417 },
  { city: 'Kraków', country: 'PL', currency: 'PLN', lat: 50.0647, lon: 19.945 },
  { city: 'Stockholm', country: 'SE', currency: 'SEK', lat: 59.3293, lon: 18.0686 },
  { city: 'New York', country: 'US', currency: 'USD', lat: 40.7128, lon: -74.006 },
  { city: 'Chicago', country: 'US', currency: 'USD', lat: 41.8781, lon: -87.6298 },
  { city: 'San Francisco', country: 'US', currency: 'USD', lat: 37.7749, lon: -122.4194 },
  { city: 'Toronto', country: 'CA', currency: 'CAD', lat: 43.6532, lon: -79.3832 },
  { city: 'Ciudad de México', country: 'MX', currency: 'MXN', lat: 19.4326, lon: -99.1332 },
  { city: 'São Paulo', country: 'BR', currency: 'BRL', lat: -23.5505, lon: -46.6333 },
  { city: 'Mumbai', country: 'IN', currency: 'INR', lat: 19.076, lon: 72.8777 },
  { city: 'Singapore', country: 'SG', currency: 'SGD', lat: 1.3521, lon: 103.8198 },
  { city: 'Sydney', country: 'AU', currency: 'AUD', lat: -33.8688, lon: 151.2093 },
  { city: 'Tokyo', country: 'JP', currency: 'JPY', lat: 35.6762, lon: 139.6503 },
];

/** Every currency of {@link places}. */
export const currencies: Readonly<Record<string, Currency>> = {
  EUR: { decimals: 2, unitsPerEuro: 1 },
  GBP: { decimals: 2, unitsPerEuro: 0.85 },
  CHF: { decimals: 2, unitsPerEuro: 0.95 },
  PLN: { decimals: 2, unitsPerEuro: 4.3 },
  SEK: { decimals: 2, unitsPerEuro: 11 },
  USD: { decimals: 2, unitsPerEuro: 1.1 },
  CAD: { decimals: 2, unitsPerEuro: 1.5 },
  MXN: { decimals: 2, unitsPerEuro: 20 },
  BRL: { decimals: 2, unitsPerEuro: 6 },
  INR: { decimals: 2, unitsPerEuro: 95 },
  SGD: { decimals: 2, unitsPerEuro: 1.45 },
  AUD: { decimals: 2, unitsPerEuro: 1.7 },
  JPY: { decimals: 0, unitsPerEuro: 165 },
};

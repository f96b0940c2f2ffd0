import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where systems install Chromium; CHROMIUM names another one. */
const PLACES = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/**
 * The browser of this machine. Undefined where there is none: nothing is downloaded, and tests that
 * need one are skipped, unless REQUIRE_BROWSER=1 demands one.
 */
export const chromiumPath = PLACES.find((path) => path !== '' && existsSync(path));

if (chromiumPath === undefined && process.env['REQUIRE_BROWSER'] === '1') {
  throw new Error('REQUIRE_BROWSER=1, but there is no Chromium: install it, or set CHROMIUM');
}

/** @throws Error where the machine has no Chromium */
export async function launchChromium(): Promise<Browser> {
  if (chromiumPath === undefined)
    throw new Error('no Chromium: install the package `chromium`, or set CHROMIUM');
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      // Chromium's sandbox needs rights that root in a container does not have.
      ...['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
      // Nothing is asked of the network.
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
}

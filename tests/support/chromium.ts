import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where systems install Chromium; CHROMIUM names another one. */
const PLACES = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser of this machine. Undefined where there is none: nothing is downloaded. */
export const chromiumPath = PLACES.find((path) => path !== '' && existsSync(path));

/** @throws Error where the machine has no Chromium */
export async function launchChromium(): Promise<Browser> {
  if (chromiumPath === undefined)
    throw new Error('no Chromium: install the package `chromium`, or set CHROMIUM');
  // Chromium's sandbox needs rights that root in a container does not have.
  return chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

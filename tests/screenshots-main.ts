import { join } from 'node:path';
import { BrowserPage, DashboardClient } from './support/dashboard-page.ts';
import { projectDir } from './support/project.ts';
import { TestStack } from './support/test-stack.ts';
import { until } from './support/until.ts';

/**
 * `npm run screenshots`: takes the pictures of the README from a stack of its own with real data.
 * It needs Chromium, and about ten minutes, since a window of gold closes five minutes after it.
 */
const PLACE = join(projectDir, 'docs', 'images');
const WIDTH = 1280;

const say = (line: string) => process.stdout.write(`${line}\n`);
const stack = await TestStack.create({
  ...{ TRIGGER_INTERVAL: '5 seconds', MSGS_PER_SEC: '200', MALFORMED_RATE: '0.02' },
});
try {
  say('starting a stack');
  const up = await stack.run('up');
  if (up.code !== 0) throw new Error(up.stderr);
  const dashboard = new DashboardClient(stack.ports.DASHBOARD_PORT);
  say('waiting for the first windows of gold');
  await until(
    () => 'no window was closed',
    900_000,
    async () => {
      const { outputs } = await dashboard.snapshot();
      const gold = outputs.sinks.find(({ name }) => name === 'gold');
      return gold && gold.files >= 10 ? true : undefined;
    },
  );
  await takePictures(dashboard);
  say(`written: ${PLACE}`);
} finally {
  await stack.discard();
}

async function takePictures(dashboard: DashboardClient): Promise<void> {
  await dashboard.verified(true);
  const browser = await BrowserPage.open(dashboard.address);
  try {
    const { page } = browser;
    await page.setViewportSize({ width: WIDTH, height: 900 });
    await page.locator('section:has(#rates) canvas').waitFor();
    await page.screenshot({ path: join(PLACE, 'dashboard.png') });
    // What is on the screen is read.
    await page.locator('#gold').scrollIntoViewIfNeeded();
    await page.locator('section:has(#gold) canvas').first().waitFor();
    await page.locator('#rejected').scrollIntoViewIfNeeded();
    await page.getByText('partition ').first().waitFor();
    await page.locator('#gold').evaluate('(heading) => heading.scrollIntoView()');
    await page.screenshot({ path: join(PLACE, 'dashboard-data.png') });
  } finally {
    await browser.close();
  }
}

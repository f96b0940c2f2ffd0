import { statSync, writeFileSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ProductError } from '../../../core/product-error.ts';

/**
 * The Ivy settings file to resolve with: the user's own, named by IVY_SETTINGS_FILE, or one written to the folder, with
 * Ivy's default public repository or what DEFAULT_ARTIFACT_REPOSITORY names, the variable that Spark reads for that.
 *
 * Spark's built-in settings ask a second repository, which has nothing of ours, for the jar of every parent POM; where a
 * firewall swallows requests, each of them would have to time out.
 * @throws ProductError BAD_SETTING when IVY_SETTINGS_FILE is not a file
 */
export function ivySettings(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): string {
  const own = environment['IVY_SETTINGS_FILE'];
  if (own) {
    if (statSync(own, { throwIfNoEntry: false })?.isFile()) return resolve(own);
    throw new ProductError('BAD_SETTING', {
      message: `IVY_SETTINGS_FILE=${own} is not a file.`,
      hint: 'Let IVY_SETTINGS_FILE name your ivysettings.xml, or unset it.',
    });
  }
  const file = join(folder, 'ivysettings.xml');
  // Ivy looks the variable up itself, so that an address with a password does not get into a file.
  const root = environment['DEFAULT_ARTIFACT_REPOSITORY']
    ? ` root="\${env.DEFAULT_ARTIFACT_REPOSITORY}"`
    : '';
  writeFileSync(
    file,
    `<ivysettings>
  <properties environment="env"/>
  <settings defaultResolver="central"/>
  <resolvers>
    <ibiblio name="central" m2compatible="true" usepoms="true"${root}/>
  </resolvers>
</ivysettings>
`,
  );
  return file;
}

/** File names as Spark's resolver gives them; with the organization, as different ones publish jars of one name. */
export const IVY_JAR_PATTERN = '[organization]_[artifact]-[revision](-[classifier]).[ext]';

/** Says what Ivy's lines mean: look-ups first, then one jar after the other. */
export function ivyProgress(subject: string, say: (phrase: string) => void): (line: string) => void {
  let found = 0;
  let downloaded = 0;
  return (line) => {
    if (/^\s*found \S+;\S+ in /.test(line)) say(`looking up ${subject}: ${++found} modules`);
    if (/^downloading \S+\.jar /.test(line)) say(`downloading ${subject}: jar ${++downloaded} of ${found}`);
  };
}

/**
 * The jars in a folder, each of which ends as an archive must: Ivy compared them with the repository's checksums where it
 * publishes them, and this finds one that was cut short where it does not.
 * @throws ProductError PROVISION_FAILED naming the jar
 */
export async function wholeJars(folder: string): Promise<readonly string[]> {
  const jars = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.jar'));
  for (const jar of jars) {
    if (await endsAsArchive(join(folder, jar))) continue;
    throw new ProductError('PROVISION_FAILED', {
      message: `${join(folder, jar)} is not a whole archive.`,
      hint: 'Delete it, then run `npm run up` again; if it stays, the repository you use has a damaged copy.',
    });
  }
  return jars;
}

/** The end of the central directory; a comment of up to 64 KiB may follow. Source: APPNOTE.TXT, 4.3.16. */
const END_OF_DIRECTORY = Buffer.from('PK\x05\x06', 'latin1');
const LONGEST_END_BYTES = 22 + 65_535;

async function endsAsArchive(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const length = Math.min(size, LONGEST_END_BYTES);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.lastIndexOf(END_OF_DIRECTORY) >= 0;
  } finally {
    await file.close();
  }
}

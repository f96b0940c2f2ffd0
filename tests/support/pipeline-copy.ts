import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from './project.ts';

/** A copy of the default pipeline, for changes of its files. */
export class PipelineCopy {
  readonly folder: string;

  /** @param folder is created, or filled when it exists */
  constructor(folder: string) {
    this.folder = folder;
    cpSync(join(projectDir, 'pipelines', 'transactions'), folder, { recursive: true });
  }

  /** @throws Error when the change leaves the file as it is */
  change(file: 'contract.odcs.yaml' | 'pipeline.yml', to: (text: string) => string): void {
    const path = join(this.folder, file);
    const text = readFileSync(path, 'utf8');
    const changed = to(text);
    if (changed === text) throw new Error(`${path} was not changed`);
    writeFileSync(path, changed);
  }

  /** Writes its `pipeline.json`. */
  generate(): void {
    execFileSync('npm', ['run', '--silent', 'generate', '--', this.folder], { cwd: projectDir });
  }
}

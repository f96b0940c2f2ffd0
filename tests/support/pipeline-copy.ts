import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from './project.ts';

const DEFAULT_PIPELINE = join(projectDir, 'pipelines', 'transactions');

/** A copy of a pipeline's files, for changes of them. */
export class PipelineCopy {
  readonly folder: string;

  /**
   * @param folder is created, or filled when it exists
   * @param source the folder that is copied
   */
  constructor(folder: string, source = DEFAULT_PIPELINE) {
    this.folder = folder;
    cpSync(source, folder, { recursive: true });
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

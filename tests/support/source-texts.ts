import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { projectDir } from './project.ts';

const TEST_CODE = /\.(test|e2e)\.ts$/;

/** The sources of the product and of its benchmarks, without tests. */
export const sources = ['orchestrator', 'producer', 'bench']
  .flatMap((folder) =>
    readdirSync(join(projectDir, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
      join(folder, path),
    ),
  )
  .concat('bootstrap.mjs')
  .filter((path) => /\.(ts|mjs)$/.test(path) && !TEST_CODE.test(path) && !path.includes('node_modules'));

/** The texts of a source's string literals and templates, without those that name modules. */
export function textsOf(path: string): readonly string[] {
  const file = ts.createSourceFile(
    path,
    readFileSync(join(projectDir, path), 'utf8'),
    ts.ScriptTarget.Latest,
  );
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      texts.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return texts;
}

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectDir } from '../../tests/support/project.ts';
import { pageFiles } from './page-files.ts';

const files = pageFiles(join(projectDir, 'dashboard', 'page'));
const textOf = (path: string): string => Buffer.from(files.get(path)?.body ?? []).toString('utf8');

describe('the files of the page', () => {
  it('have everything that they refer to', () => {
    for (const path of files.keys()) {
      if (path.startsWith('/vendor/') || !/\.(js)$|^\/$/.test(path)) continue;
      const referred = [...textOf(path).matchAll(/(?:from|src=|href=)\s*['"]([./][^'"]*)['"]/g)].map(
        ([, to = '']) => to,
      );
      for (const to of referred) {
        const { pathname } = new URL(to, `http://localhost${path}`);
        expect([...files.keys(), '/api/snapshot', '/metrics'], `${path} refers to ${to}`).toContain(pathname);
      }
    }
  });

  it('are all asked for at once, not one after another as modules import each other', () => {
    const named = [...textOf('/').matchAll(/(?:src|href)="([^"]+\.js)"/g)].map(([, path]) => path);
    expect(named.toSorted()).toEqual([...files.keys()].filter((path) => path.endsWith('.js')).toSorted());
  });

  it('have no inline script or style, and nothing from elsewhere', () => {
    const page = textOf('/');
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|https?:\/\//);
    expect(textOf('/style.css')).not.toMatch(/@import|url\(/);
  });

  it('weigh less than 150 kB compressed, with the licences of the packages', () => {
    const bytes = [...files.values()].reduce((sum, { gzipped }) => sum + gzipped.length, 0);
    expect(bytes).toBeLessThan(150_000);
    expect(textOf('/vendor/uplot-license.txt')).toContain('MIT');
    expect(textOf('/vendor/htm-license.txt')).toContain('Apache License');
  });

  it('have the types by which a browser runs them', () => {
    expect(files.get('/page.js')?.type).toBe('text/javascript; charset=utf-8');
    expect(files.get('/style.css')?.type).toBe('text/css; charset=utf-8');
    expect(files.get('/')?.type).toBe('text/html; charset=utf-8');
  });
});

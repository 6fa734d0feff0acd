import { isIP } from 'node:net';
import type { Draft, DraftTarget, DraftUpstream } from './draft.ts';
import type { Place } from './report.ts';

const reserved = new Set(['__proto__', 'constructor', 'prototype']);

/** A name that an upstream may have, made of any text; empty when nothing of it can stand. */
function nameFrom(text: string): string {
  const name = text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9_]+/, '')
    .slice(0, 56)
    .replace(/[-.]+$/, '');
  return reserved.has(name) ? '' : name;
}

/**
 * Adds an upstream, or finds the one with the same targets and settings.
 * @param wanted what it is to be called, best first; where nothing of these is left, by its host.
 * @returns its name.
 */
export function upstreamFor(
  draft: Draft,
  wanted: readonly string[],
  targets: readonly DraftTarget[],
  settings: Readonly<Record<string, unknown>>,
  more: { readonly comment?: string; readonly place?: Place } = {},
): string {
  const key = JSON.stringify([targets, settings]);
  const known = draft.upstreams.find((each) => JSON.stringify([each.targets, each.settings]) === key);
  if (known !== undefined) return known.name;
  const base = wanted.map(nameFrom).find((name) => name !== '') ?? 'service';
  const upstream: DraftUpstream = { name: freeName(draft, base), targets, settings, ...more };
  draft.upstreams.push(upstream);
  return upstream.name;
}

/** What an upstream could be called by the address of its target: nothing for this machine and for plain addresses. */
export function nameByHost(url: string): string {
  if (!URL.canParse(url)) return '';
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return isIP(host) !== 0 || /^(?:.+\.)?localhost$/.test(host) ? '' : (host.split('.')[0] ?? '');
}

/** What it could be called by what is all that is known: `localhost-3001`. */
export function nameByAddress(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}

function freeName(draft: Draft, base: string): string {
  const taken = new Set(draft.upstreams.map(({ name }) => name));
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
  return name;
}

import { firstThatHolds, patternSegments, type Candidate } from './candidate.ts';
import type { RouteRequest } from './conditions.ts';
import { HASH_START, hashStep, SubstringTable } from './substring-table.ts';

interface Node {
  /** The best rank at this node and below: a search that has found better need not enter. */
  bestRank: number;
  /** By a segment's text. */
  literals: SubstringTable<Node> | undefined;
  /** Any one segment: `:name`, or a `*` that is not the last. */
  any: Node | undefined;
  /** Patterns that end here, best first. */
  readonly ends: Candidate[];
  /** Patterns that end in `/*` here, best first. */
  readonly rests: Candidate[];
}

/** The patterns of one host, as a tree of segments. A search visits each node at most once, and allocates nothing. */
export class PatternTrie {
  readonly #root = emptyNode();

  /** Adds a pattern. Candidates are added in the order of their ranks. */
  add(pattern: string, candidate: Candidate): void {
    let node = this.#root;
    const segments = patternSegments(pattern);
    for (const [i, segment] of segments.entries()) {
      node.bestRank = Math.min(node.bestRank, candidate.rank);
      if (segment === '*' && i === segments.length - 1) {
        node.rests.push(candidate);
        return;
      }
      if (segment === '*' || segment.startsWith(':')) node = node.any ??= emptyNode();
      else node = (node.literals ??= new SubstringTable()).getOrAdd(segment, emptyNode);
    }
    node.bestRank = Math.min(node.bestRank, candidate.rank);
    node.ends.push(candidate);
  }

  /** The best candidate whose pattern matches the path and whose conditions the request fulfils. */
  find(request: RouteRequest, allowed: Set<string> | undefined): Candidate | undefined {
    return search(this.#root, 1, request, allowed, undefined);
  }
}

/** Searches below `node`, the next segment beginning at `start`, for something better than `best`. */
function search(
  node: Node,
  start: number,
  request: RouteRequest,
  allowed: Set<string> | undefined,
  best: Candidate | undefined,
): Candidate | undefined {
  if (best !== undefined && best.rank < node.bestRank) return best;
  const { path } = request;
  if (start > path.length) return better(best, firstThatHolds(node.ends, request, allowed));
  let end = path.indexOf('/', start);
  if (end === -1) end = path.length;
  let found = best;
  const { literals, any, rests } = node;
  if (literals !== undefined && end - start <= literals.longest) {
    let hash = HASH_START;
    for (let i = start; i < end; i++) hash = hashStep(hash, path.charCodeAt(i));
    const next = literals.find(path, start, end, hash);
    if (next !== undefined) found = search(next, end + 1, request, allowed, found);
  }
  // Neither a parameter nor a star stands for an empty segment.
  if (end === start) return found;
  if (any !== undefined) found = search(any, end + 1, request, allowed, found);
  return rests.length === 0 ? found : better(found, firstThatHolds(rests, request, allowed));
}

function better(a: Candidate | undefined, b: Candidate | undefined): Candidate | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.rank < b.rank ? a : b;
}

function emptyNode(): Node {
  return { bestRank: Infinity, literals: undefined, any: undefined, ends: [], rests: [] };
}

import { describeCommit, git } from './machine.ts';

/** What a build is made of. */
const built = [':/src', ':/schema', ':/package.json', ':/tsconfig.build.json'];

/**
 * The commit behind a name.
 * @throws Error in a user's words when there is none.
 */
export function resolveCommit(ref: string): string {
  // A name that begins with a dash would be an option of git.
  if (!ref.startsWith('-')) {
    try {
      return git('rev-parse', '--verify', '--quiet', `${ref}^{commit}`);
    } catch {
      // Said below.
    }
  }
  throw new Error(
    `--compare: there is no branch, tag or commit ${JSON.stringify(ref)} here; \`git branch --all\` lists the branches.`,
  );
}

/** Says what is compared with what, and what the difference is then made of. */
export function describeComparison(ref: string, commit: string): string {
  const changed = git('status', '--porcelain', '--', ...built)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(3));
  const differs = hasDifference(commit);
  return comparisonSentence({ ref, commit: commit.slice(0, 10), tree: describeCommit(), changed, differs });
}

/** What {@link comparisonSentence} has to go by. */
export interface Comparison {
  readonly ref: string;
  readonly commit: string;
  /** The commit of the working tree. */
  readonly tree: string;
  /** Files that go into a build and are not committed. */
  readonly changed: readonly string[];
  /** Whether the working tree's commit and the other differ in what goes into a build. */
  readonly differs: boolean;
}

/** {@link describeComparison} as a pure function. */
export function comparisonSentence({ ref, commit, tree, changed, differs }: Comparison): string {
  const first = `The working tree (${tree}) against ${ref} (${commit}).`;
  if (changed.length === 0) {
    return differs ? first : `${first} Both build the same: whatever difference is found is noise.`;
  }
  const files = changed.length > 5 ? `${changed.length} files` : changed.join(', ');
  return differs
    ? `${first} What is not committed is part of it: ${files}.`
    : `${first} The difference is what is not committed: ${files}.`;
}

function hasDifference(commit: string): boolean {
  return git('diff', '--name-only', commit, 'HEAD', '--', ...built) !== '';
}

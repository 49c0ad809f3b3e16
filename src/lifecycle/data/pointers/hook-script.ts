/** How one of our hooks is told from somebody else's; the number changes with the text. */
export const hookMark = '# devmlops hook 1'

export const hookNames = ['pre-commit', 'post-checkout'] as const
export type HookName = (typeof hookNames)[number]

const head = (inside: string): string => `#!/bin/sh
${hookMark}
# Written by \`devmlops git install\`. Remove this file to be rid of it.
devmlops_run() {
  if command -v devmlops >/dev/null 2>&1; then devmlops "$@"; else npx --no-install devmlops "$@"; fi
}
cd "$(git rev-parse --show-toplevel)/${inside}" || exit 1
[ -f devmlops.yaml ] || exit 0
`

const bodies: Readonly<Record<HookName, string>> = {
  'pre-commit': `# Git tells its hooks where they are by variables, which must not reach the Git that is called from here.
unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE
devmlops_run git check --working || {
  echo "devmlops: nothing was committed. To commit all the same: git commit --no-verify" >&2
  exit 1
}
`,
  'post-checkout': `# The third word is 1 where a branch was checked out, and 0 for single files.
[ "$3" = 1 ] || exit 0
unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE
devmlops_run data checkout || echo "devmlops: the data is not what this commit belongs with; see devmlops data status" >&2
exit 0
`,
}

/** @param inside The project's folder from the top of the work tree; '' where that is the top. */
export function hookScript(name: HookName, inside: string): string {
  return `${head(inside.replace(/(["$`\\])/g, '\\$1'))}${bodies[name]}`
}

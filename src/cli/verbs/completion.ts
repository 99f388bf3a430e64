import { CliError, EXIT } from '../cli-error.ts';
import type { Context } from '../command/verb.ts';

/** Prints the script of a shell; `kubectl influx` and `kubectl-influx` are both completed. */
export async function run({ given, terminal }: Context): Promise<void> {
  const shell = given.argument(0);
  const script = SCRIPTS[shell];
  if (script === undefined)
    throw new CliError(EXIT.usage, `${shell} is not known; known are ${Object.keys(SCRIPTS).join(', ')}`);
  terminal.write(script);
}

/*
 * Each asks the program itself what may come next: its answer is one candidate a line. kubectl, whose own completion
 * takes a command called kubectl_complete-influx, needs a second name in PATH: the scripts define it as a function
 * where the shell looks functions up, and docs/cli.md tells of the file.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# bash completion of kubectl-influx
_kubectl_influx() {
  local IFS=$'\\n' start=1
  [ "\${COMP_WORDS[0]##*/}" = kubectl ] && start=2
  COMPREPLY=($(kubectl-influx __complete "\${COMP_WORDS[@]:start:COMP_CWORD-start}" "\${COMP_WORDS[COMP_CWORD]}" 2>/dev/null))
}
complete -o default -F _kubectl_influx kubectl-influx
`,
  zsh: `#compdef kubectl-influx
_kubectl_influx() {
  local -a candidates
  candidates=("\${(@f)$(kubectl-influx __complete "\${(@)words[2,CURRENT-1]}" "\${words[CURRENT]}" 2>/dev/null)}")
  compadd -- $candidates
}
compdef _kubectl_influx kubectl-influx
`,
  fish: `# fish completion of kubectl-influx
function __kubectl_influx
  set -l words (commandline -opc)
  kubectl-influx __complete $words[2..] (commandline -ct) 2>/dev/null
end
complete -c kubectl-influx -f -a '(__kubectl_influx)'
`,
};

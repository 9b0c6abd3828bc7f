/**
 * Completion scripts, made from the commands as commander knows them, so that they cannot fall behind. Two levels are
 * completed: the command, then its options and the fixed words of its first argument; everything else is a file.
 */
import type { Command } from 'commander'

interface Word {
  readonly text: string
  readonly summary: string
}

export function completionScript(shell: 'bash' | 'zsh' | 'fish', sluice: Command): string {
  const commands = sluice.createHelp().visibleCommands(sluice)
  const table = commands.map(command => ({ name: command.name(), summary: command.summary(), words: words(command) }))
  return { bash, zsh, fish }[shell](table)
}

interface Entry {
  readonly name: string
  readonly summary: string
  readonly words: readonly Word[]
}

function words(command: Command): Word[] {
  const help = command.createHelp()
  return [
    ...help.visibleCommands(command).map(child => ({ text: child.name(), summary: child.summary() })),
    ...(command.registeredArguments[0]?.argChoices ?? []).map(text => ({ text, summary: '' })),
    ...help.visibleOptions(command).flatMap(option => {
      const text = option.long ?? option.short
      return text === undefined ? [] : [{ text, summary: option.description }]
    }),
  ]
}

function bash(table: readonly Entry[]): string {
  const cases = table.map(({ name, words }) => `    ${name}) words='${words.map(word => word.text).join(' ')}' ;;`)
  return `# bash completion for sluice
_sluice() {
  local word=\${COMP_WORDS[COMP_CWORD]} words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${table.map(({ name }) => name).join(' ')}'
  else
    case \${COMP_WORDS[1]} in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _sluice sluice
`
}

function zsh(table: readonly Entry[]): string {
  const describe = (array: string, entries: readonly Word[]) => {
    const pairs = entries.map(({ text, summary }) => `'${quote(text.replaceAll(':', '\\:'))}:${quote(summary)}'`)
    return `local -a ${array}; ${array}=(${pairs.join(' ')}); _describe word ${array}`
  }
  const commands = table.map(({ name, summary }) => ({ text: name, summary }))
  const cases = table.map(({ name, words }) => `    ${name}) ${describe('choices', words)} ;;`)
  return `#compdef sluice
_sluice() {
  if (( CURRENT == 2 )); then
    ${describe('commands', commands)}
    return
  fi
  case $words[2] in
${cases.join('\n')}
  esac
  _files
}
if [ "$funcstack[1]" = _sluice ]; then _sluice "$@"; else compdef _sluice sluice; fi
`
}

function fish(table: readonly Entry[]): string {
  const lines = table.flatMap(({ name, summary, words }) => [
    `complete -c sluice -n __fish_use_subcommand -f -a ${name} -d '${quote(summary)}'`,
    ...words.map(({ text, summary }) => {
      const what = text.startsWith('--')
        ? `-l ${text.slice(2)}`
        : text.startsWith('-')
          ? `-s ${text.slice(1)}`
          : `-a ${text}`
      return `complete -c sluice -n '__fish_seen_subcommand_from ${name}' ${what} -d '${quote(summary)}'`
    }),
  ])
  return `# fish completion for sluice\n${lines.join('\n')}\n`
}

/** For a text inside single quotes, in any of the three. */
function quote(text: string): string {
  return text.replaceAll("'", "'\\''")
}

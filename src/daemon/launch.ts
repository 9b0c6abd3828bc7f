/**
 * Starts a program and lets it go: a notify script, or the command that restarts a service. It goes on whatever becomes of
 * this process. Never through a shell, unless the configuration names one.
 */
import { spawn } from 'node:child_process'
import type { Script } from '../model/script.ts'
import { type ScriptRules, scriptAccount } from './script-account.ts'

/** What could make a program do something else than its author meant, as keepalived takes it away too; what is meant for us. */
const UNSAFE: ReadonlySet<string> = new Set([
  'IFS',
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
])

export function launch(
  script: Script,
  words: readonly string[],
  rules: ScriptRules,
  log: (text: string) => void,
): void {
  const [program = '', ...own] = script.argv
  const text = [...script.argv, ...words].join(' ')
  const account = scriptAccount(script, rules)
  if ('problem' in account) {
    log(`cannot run the script ${text}: ${account.problem}`)
    return
  }
  const child = spawn(program, [...own, ...words], {
    ...account,
    detached: true,
    stdio: 'ignore',
    env: scriptEnvironment(),
  })
  child.once('error', error => log(`cannot run the script ${text}: ${error.message}`))
  child.once('exit', (status, signal) => {
    if (signal !== null) log(`the script ${text} died of ${signal}`)
    else if (status !== 0) log(`the script ${text} exited with status ${status}`)
  })
  child.unref()
}

export function scriptEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !UNSAFE.has(name)))
}

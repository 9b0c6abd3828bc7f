import type { TimedScript } from '../model/global.ts'
import { startProcess } from './process-group.ts'
import { type ScriptRules, scriptAccount } from './script-account.ts'

/** Runs a script to its end, or until its time is up. What becomes of it is said, and no reason to stop. */
export async function runTimed(
  what: 'startup' | 'shutdown',
  { script, timeoutMs }: TimedScript,
  rules: ScriptRules,
  say: (text: string) => void,
): Promise<void> {
  const text = script.argv.join(' ')
  const account = scriptAccount(script, rules)
  if ('problem' in account) return say(`cannot run the ${what} script ${text}: ${account.problem}`)
  say(`Running ${what} script ${text}`)
  await new Promise<void>(resolve => {
    const group = startProcess(script.argv, account, ({ status, signal, error }) => {
      clearTimeout(timer)
      if (error !== undefined) say(`cannot run the ${what} script ${text}: ${error.message}`)
      else if (signal !== undefined) say(`the ${what} script ${text} died of ${signal}`)
      else if (status !== 0) say(`the ${what} script ${text} exited with status ${status}`)
      resolve()
    })
    const timer = setTimeout(() => {
      say(`the ${what} script ${text} does not end: it is ended`)
      group.end()
      resolve()
    }, timeoutMs)
  })
}

/**
 * The scripts process: what the elections want of other programs is done here, so that nothing of it ever delays them.
 * It runs what they track, and tells scripts, pipes and people what they did.
 */
import type { ChildLoop } from './child.ts'
import { monotonicNow } from './clock.ts'
import { followFile } from './follow-file.ts'
import { launch } from './launch.ts'
import { Notifier } from './notifier.ts'
import type { Outbox } from './outbox.ts'
import { countProcesses, type ProcessCount } from './process-count.ts'
import { startProcess } from './process-group.ts'
import { scriptAccount } from './script-account.ts'
import { TrackingLoop, type TrackingSurroundings } from './tracking-loop.ts'
import { wakeTimer } from './wake-timer.ts'

export function openScriptProcess(outbox: Outbox): ChildLoop {
  const log = (text: string) => outbox.log(text)
  let processes: ProcessCount | undefined
  const notifier = new Notifier(log)
  const tracking: TrackingLoop = new TrackingLoop({
    now: monotonicNow,
    wake: wakeTimer,
    run: runTracked(log),
    launch: (script, global) => launch(script, [], global, log),
    follow: followFile,
    count: wanted => {
      processes ??= countProcesses((process, count) => tracking.counted(process, count), log)
      processes.count(wanted)
    },
    tell: verdicts => outbox.send({ type: 'tracked', verdicts }),
    log,
  })
  return {
    configure: configuration => {
      notifier.configure(configuration.global)
      tracking.configure(configuration)
    },
    report: () => ({ alarms: [] }),
    hear: message => {
      if (message.type === 'notice') notifier.tell(message.notice)
    },
    stop: async () => {
      tracking.stop()
      processes?.close()
      await notifier.close()
    },
  }
}

/** A tracked script runs in a group of its own, which ends with it at its timeout. */
function runTracked(log: (text: string) => void): TrackingSurroundings['run'] {
  const told = new Set<string>()
  return (script, global, onEnd) => {
    const unable = (problem: string) => {
      const text = `cannot run the script ${script.argv.join(' ')}: ${problem}`
      if (!told.has(text)) log(text)
      told.add(text)
      const soon = setImmediate(() => onEnd({ type: 'unable' }))
      return () => clearImmediate(soon)
    }
    const account = scriptAccount(script, global)
    if ('problem' in account) return unable(account.problem)
    const group = startProcess(script.argv, account, ({ status, signal, error }) => {
      if (error === undefined) onEnd({ type: 'ended', status, signal })
      else unable(error.message)
    })
    return () => group.end()
  }
}

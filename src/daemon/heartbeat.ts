/**
 * When each active router advertised last, in a file that survives the process.
 *
 * A backup takes over after several intervals of silence. A router that returns from a crash sooner than that has been
 * missed by nobody: it goes on being active instead of leaving its addresses to a needless election, and connections
 * through it do not notice.
 */
import { closeSync, constants, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Instant, instant } from '../model/time.ts'

export interface Heartbeat {
  /** The last beat before this process began, if it was noted. */
  last(instance: string): Instant | undefined
  beat(instance: string, now: Instant): void
  /** It is not active any more. */
  cease(instance: string): void
}

export function openHeartbeat(directory: string): Heartbeat {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = (instance: string) => join(directory, encodeURIComponent(instance).replaceAll('.', '%2E'))
  const files = new Map<string, number>()
  return {
    last: instance => {
      try {
        const moment = Number.parseFloat(readFileSync(path(instance), 'utf8'))
        return Number.isFinite(moment) ? instant(moment) : undefined
      } catch {
        return undefined
      }
    },
    // Written over the last one, always as long, so that being killed in between loses nothing: it takes microseconds.
    beat: (instance, now) => {
      let file = files.get(instance)
      if (file === undefined) {
        file = openSync(path(instance), constants.O_WRONLY | constants.O_CREAT, 0o600)
        files.set(instance, file)
      }
      writeSync(file, now.toFixed(3).padStart(24), 0)
    },
    cease: instance => {
      const file = files.get(instance)
      if (file !== undefined) closeSync(file)
      files.delete(instance)
      rmSync(path(instance), { force: true })
    },
  }
}

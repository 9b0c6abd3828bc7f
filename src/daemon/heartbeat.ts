/**
 * When each active router advertised last, in a file that survives the process.
 *
 * A backup takes over after several intervals of silence. A router that returns from a crash sooner than that has been
 * missed by nobody: it goes on being active instead of leaving its addresses to a needless election, and connections
 * through it do not notice.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  return {
    last: instance => {
      try {
        const moment = Number.parseFloat(readFileSync(path(instance), 'utf8'))
        return Number.isFinite(moment) ? instant(moment) : undefined
      } catch {
        return undefined
      }
    },
    // Written in place, always as long: /run is memory, this takes some microseconds.
    beat: (instance, now) => writeFileSync(path(instance), now.toFixed(3).padStart(24), { flag: 'w', mode: 0o600 }),
    cease: instance => rmSync(path(instance), { force: true }),
  }
}

import type { SchedulerFlag } from '../../model/service.ts'
import type { VirtualService } from '../../model/virtual-service.ts'

const NAMES: Readonly<Record<string, Readonly<Partial<Record<SchedulerFlag, string>>>>> = {
  sh: { 'flag-1': 'sh-fallback', 'flag-2': 'sh-port' },
  mh: { 'flag-1': 'mh-fallback', 'flag-2': 'mh-port' },
}

/** The flags by their scheduler's names for them; sh and mh have none for flag-3. */
export function flagNames({ scheduler, schedulerFlags }: VirtualService): readonly string[] {
  const names = NAMES[scheduler]
  return schedulerFlags.toSorted().flatMap(flag => (names === undefined ? flag : (names[flag] ?? [])))
}

/**
 * What tracking means for an instance: what is a fault, and by how much the priority changes.
 *
 *   weight 0    it is a fault while it fails
 *   weight > 0  added while it is up
 *   weight < 0  taken away while it is down
 *   reverse     the other way round
 *
 * A file has a number instead, which is multiplied with its weight: with weight 0 any number but 0 is a fault, and so is
 * a product of -254 or less.
 */
import type { Tracked, Tracking, VrrpInstance, VrrpSyncGroup } from '../model/vrrp-instance.ts'
import type { Verdicts } from './verdict.ts'

export interface Weighed {
  /** In the words of the log: `script check_httpd`. */
  readonly faults: readonly string[]
  /** To be added to the configured priority. */
  readonly adjustment: number
  /** False until every tracker that could be a fault has been heard: the instance must not take part before. */
  readonly decided: boolean
}

/** Beyond these a product of a file counts as a fault, or as much as a priority can take. */
const PRODUCT_LIMIT = 254

export function weigh(
  instance: VrrpInstance,
  group: VrrpSyncGroup | undefined,
  verdicts: Verdicts,
  isUp: (interfaceName: string) => boolean,
): Weighed {
  const own = effectiveTracking(instance, group)
  const parts = own.flatMap(({ interfaces, scripts, files, processes, bfd }) => [
    ...interfaces.map(one => weighVerdict(one, isUp(one.name), `interface ${one.name} down`)),
    ...scripts.map(one => weighVerdict(one, verdicts.scripts[one.name], `script ${one.name}`)),
    ...files.map(one => weighNumber(one, verdicts.files[one.name])),
    ...processes.map(one =>
      weighVerdict(one, verdicts.processes[one.name], `tracked process ${one.name} quorum not achieved`),
    ),
    // As in keepalived, a session that nothing has been heard of is down.
    ...bfd.map(one => weighVerdict(one, verdicts.bfd[one.name] ?? false, `BFD instance ${one.name} down`)),
  ])
  return {
    faults: [...new Set(parts.flatMap(({ fault }) => fault ?? []))],
    adjustment: parts.reduce((sum, part) => sum + part.adjustment, 0),
    decided: parts.every(({ decided }) => decided),
  }
}

/**
 * The trackers of the instance and of its group. Members of a group must not differ by weights, so their weighted ones
 * do not count, unless `sync_group_tracking_weight` says they do.
 */
function effectiveTracking(instance: VrrpInstance, group: VrrpSyncGroup | undefined): readonly Tracking[] {
  if (group === undefined) return [instance.track]
  if (group.trackingWeight) return [instance.track, group.track]
  const unweighted = (list: readonly Tracked[]) => list.filter(({ weight }) => weight === 0)
  const { interfaces, scripts, files, processes, bfd } = instance.track
  const own = {
    interfaces: unweighted(interfaces),
    scripts: unweighted(scripts),
    files: unweighted(files),
    processes: unweighted(processes),
    bfd: unweighted(bfd),
  }
  return [own, group.track]
}

interface Part {
  readonly fault: string | undefined
  readonly adjustment: number
  readonly decided: boolean
}

function weighVerdict({ weight, reverse }: Tracked, up: boolean | undefined, cause: string): Part {
  if (up === undefined) return { fault: undefined, adjustment: 0, decided: weight !== 0 }
  if (weight === 0) return { fault: up === reverse ? cause : undefined, adjustment: 0, decided: true }
  const counts = up === weight > 0
  return { fault: undefined, adjustment: counts ? weight * (reverse ? -1 : 1) : 0, decided: true }
}

function weighNumber({ name, weight, reverse }: Tracked, value: number | undefined): Part {
  if (value === undefined) return { fault: undefined, adjustment: 0, decided: weight !== 0 }
  const product = value * weight * (reverse ? -1 : 1)
  const broken = weight === 0 ? (value === 0) === reverse : product <= -PRODUCT_LIMIT
  return {
    fault: broken ? `tracked file ${name} has status ${value}` : undefined,
    adjustment: broken ? 0 : Math.min(product, PRODUCT_LIMIT - 1) + 0,
    decided: true,
  }
}

import { readdirSync } from 'node:fs'
import { removeCluster } from './cluster.ts'
import { sendSignal } from './processes.ts'

/** The name of the cluster that this process builds to show. */
export function demoName(pid: number): string {
  return `sluice-demo-${pid}`
}

/** Takes away the clusters of demonstrations that were killed before they could do so themselves. */
export async function removeLeftovers(): Promise<void> {
  const pids = new Set(namespaceNames().map(name => /^sluice-demo-(\d+)-/.exec(name)?.[1]))
  for (const pid of pids)
    if (pid !== undefined && !sendSignal(Number(pid), 0)) await removeCluster(demoName(Number(pid)))
}

function namespaceNames(): string[] {
  try {
    return readdirSync('/run/netns')
  } catch {
    return []
  }
}

/** What runs on the hosts of the article's cluster: directors, web servers, and the real server's side. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from './cluster.ts'
import { directorConfiguration, faultyConfiguration } from './configuration.ts'
import { sluice } from './executable.ts'
import { Service } from './service.ts'
import { type Director, type RealServer, VIP } from './topology.ts'

export interface Crew {
  readonly directors: Readonly<Record<Director, Service>>
  readonly webServers: Readonly<Record<RealServer, Service>>
}

/** In the cluster's directory: the article's configuration of the master, fault included. */
export const FAULTY_FILE = 'as-published.conf'

export function configurationFile(director: Director): string {
  return `${director}.conf`
}

/** Writes the configurations and says what is to run; nothing runs yet. */
export function engage(cluster: Cluster): Crew {
  writeConfiguration(cluster, FAULTY_FILE, faultyConfiguration('lvs-master'))
  return {
    directors: { 'lvs-master': director(cluster, 'lvs-master'), 'lvs-backup': director(cluster, 'lvs-backup') },
    webServers: { rs1: webServer(cluster, 'rs1'), rs2: webServer(cluster, 'rs2') },
  }
}

/** The real servers take up their work: the address on lo, no ARP for it, and a web server. */
export async function openRealServers(cluster: Cluster, crew: Crew): Promise<void> {
  for (const service of Object.values(crew.webServers)) service.start()
  const starts = (['rs1', 'rs2'] as const).map(name => cluster.host(name).run(sluice('realserver', 'start', VIP)))
  for (const { status, output } of await Promise.all(starts))
    if (status !== 0) throw new Error(`sluice realserver start failed: ${output}`)
}

function director(cluster: Cluster, name: Director): Service {
  const file = writeConfiguration(cluster, configurationFile(name), directorConfiguration(name))
  return new Service(cluster.host(name), sluice('run', '-f', file), { goesFirst: true })
}

function webServer(cluster: Cluster, name: RealServer): Service {
  return new Service(cluster.host(name), sluice('lab-process', 'web', name))
}

function writeConfiguration(cluster: Cluster, name: string, text: string): string {
  const file = join(cluster.directory, name)
  writeFileSync(file, text)
  return file
}

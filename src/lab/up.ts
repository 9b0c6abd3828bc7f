import { Failure } from '../diagnostics/failure.ts'
import { Cluster, removeCluster } from './cluster.ts'
import { engage, openRealServers } from './crew.ts'
import { picture } from './picture.ts'
import { STANDING } from './standing.ts'
import { VIP } from './topology.ts'

const HINTS = `
  sluice lab exec client curl http://${VIP}/    ask the cluster
  sluice lab exec lvs-master sluice ipvsadm -Ln           see how it balances
  sluice lab exec lvs-master ip link set eth0 down        break something
  sluice lab status                                       what runs where
  sluice lab down                                         take it all away
`

/** Builds the cluster and leaves it running. What to tell the user. */
export async function up(): Promise<string> {
  if (Cluster.open(STANDING) !== undefined) throw new Failure('a lab is up already: sluice lab down takes it away')
  await removeCluster(STANDING)
  const cluster = await Cluster.build(STANDING)
  try {
    const crew = engage(cluster)
    await openRealServers(cluster, crew)
    const services = [...Object.values(crew.directors), ...Object.values(crew.webServers)]
    for (const director of Object.values(crew.directors)) director.start()
    for (const service of services) service.letGo()
  } catch (error) {
    await removeCluster(STANDING)
    throw error
  }
  return `${picture()}\n\nThe first election takes four seconds. Logs and configurations are in ${cluster.directory}.\n${HINTS}`
}

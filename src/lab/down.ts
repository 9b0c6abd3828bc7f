import { removeCluster } from './cluster.ts'
import { removeLeftovers } from './leftovers.ts'
import { STANDING } from './standing.ts'

/** What to tell the user. */
export async function down(): Promise<string> {
  await removeLeftovers()
  return (await removeCluster(STANDING)) ? 'the lab is taken away\n' : 'no lab was up\n'
}

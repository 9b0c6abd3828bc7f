import { Failure } from '../diagnostics/failure.ts'
import { Cluster } from './cluster.ts'

/** The cluster that `up` builds and a person plays with; there is one at a time. */
export const STANDING = 'sluice'

export function standingCluster(): Cluster {
  const cluster = Cluster.open(STANDING)
  if (cluster === undefined) throw new Failure('no lab is up here: sluice lab up builds one')
  return cluster
}

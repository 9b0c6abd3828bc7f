import type { Stage } from './stage.ts'

/** One act of the show: what is done to the cluster, and what is checked of it. */
export interface Scene {
  readonly title: string
  play(stage: Stage): Promise<void>
}

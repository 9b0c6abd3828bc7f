/** A program that the configuration names, and the scripts and files that VRRP instances and checkers track. */

/** What is run: the words as the program gets them, never through a shell. */
export interface Script {
  readonly argv: readonly string[]
  /** Undefined: the configuration's `script_user`, else keepalived_script, else root. */
  readonly user: string | undefined
  readonly group: string | undefined
}

/** `vrrp_script`: run again and again; up after `rise` successes, down after `fall` failures. */
export interface TrackedScript {
  readonly name: string
  readonly script: Script
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly weight: number
  readonly reverse: boolean
  readonly rise: number
  readonly fall: number
  /** Counts as failed until it has succeeded once. */
  readonly initFail: boolean
}

/** `track_file`: the number in it times `weight` is added to the priority; with weight 0, not zero is a fault. */
export interface TrackedFile {
  readonly name: string
  readonly path: string
  readonly weight: number
  readonly reverse: boolean
  /** Written at start, if the file does not exist or `overwrite` is set. */
  readonly init: { readonly value: number; readonly overwrite: boolean } | undefined
}

/** `vrrp_track_process`: up while between `quorum` and `quorumMax` processes of that name run. */
export interface TrackedProcess {
  readonly name: string
  readonly command: string
  /** Undefined: whatever the parameters are. */
  readonly parameters: readonly string[] | undefined
  readonly match: 'exact' | 'initial' | 'partial'
  readonly fullCommand: boolean
  readonly weight: number
  readonly reverse: boolean
  readonly quorum: number
  readonly quorumMax: number | undefined
  readonly forkDelayMs: number
  readonly terminateDelayMs: number
  /** Run when too few are left; it counts as down only if they are not back within the grace. sluice's own word. */
  readonly restart: Script | undefined
  readonly restartGraceMs: number
}

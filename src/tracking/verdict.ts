/** What is known of everything that VRRP instances track besides interfaces. What has no entry yet is not known yet. */

export interface Verdicts {
  /** By name of the `vrrp_script`: true if it is up. */
  readonly scripts: Readonly<Record<string, boolean>>
  /** By name of the `track_file`: the number in it. */
  readonly files: Readonly<Record<string, number>>
  /** By name of the `vrrp_track_process`: true while enough of them run, and not too many. */
  readonly processes: Readonly<Record<string, boolean>>
  /** By name of the `bfd_instance`: true while the session is up. */
  readonly bfd: Readonly<Record<string, boolean>>
}

export const NO_VERDICTS: Verdicts = { scripts: {}, files: {}, processes: {}, bfd: {} }

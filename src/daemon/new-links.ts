/** Tells when interfaces come, so that what is attached to all of them can be attached to those too. */
import { Poller } from '../kernel/poller.ts'
import { RouteMonitor } from '../kernel/route-monitor.ts'

/** Calls back after an interface came, or was heard of for the first time; the result ends it. */
export function watchNewLinks(onNew: () => void): () => void {
  const seen = new Set<number>()
  const monitor = new RouteMonitor(['link'])
  const poller = new Poller()
  poller.watch(monitor.fd, () => {
    let news = false
    for (let events = monitor.receive(); events !== undefined; events = monitor.receive())
      for (const event of events) {
        if (event.type === 'overrun') news = true
        if (event.type !== 'link') continue
        const { ifindex } = event.link
        if (event.gone) seen.delete(ifindex)
        else if (!seen.has(ifindex)) {
          seen.add(ifindex)
          news = true
        }
      }
    if (news) onNew()
  })
  return () => {
    poller.close()
    monitor.close()
  }
}

/* A kernel that agrees to everything keepalived's checkers ask of ip_vs: for LD_PRELOAD, in front of libnl. */
struct nl_sock;
struct nl_msg;
typedef int (*heard)(struct nl_msg *, void *);

enum { FINISH = 1, ACK = 4 };
static heard on_finish, on_ack;
static void *of_finish, *of_ack;

int genl_ctrl_resolve(struct nl_sock *socket, const char *name) { return 1; }

int nl_send_auto(struct nl_sock *socket, struct nl_msg *message) { return 1; }

int nl_socket_modify_cb(struct nl_sock *socket, int type, int kind, heard call, void *argument) {
  if (type == FINISH) on_finish = call, of_finish = argument;
  if (type == ACK) on_ack = call, of_ack = argument;
  return 0;
}

int nl_recvmsgs_default(struct nl_sock *socket) {
  if (on_finish) on_finish(0, of_finish);
  if (on_ack) on_ack(0, of_ack);
  return 0;
}

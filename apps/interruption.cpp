#include "apps/interruption.h"

#include <unistd.h>
#include <csignal>

namespace apps {
namespace {

volatile std::sig_atomic_t received = 0;
struct sigaction before_interrupt, before_terminate;

constexpr int code_of(int signal) { return 128 + signal; }

void note(int signal) {
  if (received != 0) _exit(code_of(signal));
  received = signal;
}

}  // namespace

Interruption::Interruption() {
  received = 0;
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &before_interrupt);
  sigaction(SIGTERM, &action, &before_terminate);
}

Interruption::~Interruption() {
  sigaction(SIGINT, &before_interrupt, nullptr);
  sigaction(SIGTERM, &before_terminate, nullptr);
}

bool Interruption::requested() { return received != 0; }
void Interruption::stop_if_requested() {
  if (requested()) throw Stopped();
}
int Interruption::exit_code() { return code_of(received); }

}  // namespace apps

#include "edge/container_config.hpp"

#include <cmath>

namespace gyre {

namespace {

// Outside, uid 0 of a container is this one: files of root are not its own.
constexpr int first_host_id = 200000;
constexpr int host_ids = 65536;
constexpr int module_user = 1000;

// A model reads files and computes. What changes the machine, watches others or opens a way out is refused, also where
// a capability that is missing would refuse it.
json::object refused_system_calls() {
  json::array names = {"acct",
                       "add_key",
                       "bpf",
                       "clock_adjtime",
                       "clock_settime",
                       "delete_module",
                       "fanotify_init",
                       "finit_module",
                       "fsconfig",
                       "fsmount",
                       "fsopen",
                       "fspick",
                       "init_module",
                       "io_uring_enter",
                       "io_uring_setup",
                       "io_uring_register",
                       "ioperm",
                       "iopl",
                       "kcmp",
                       "kexec_file_load",
                       "kexec_load",
                       "keyctl",
                       "lookup_dcookie",
                       "mount",
                       "mount_setattr",
                       "move_mount",
                       "name_to_handle_at",
                       "nfsservctl",
                       "open_by_handle_at",
                       "open_tree",
                       "perf_event_open",
                       "personality",
                       "pivot_root",
                       "process_madvise",
                       "process_vm_readv",
                       "process_vm_writev",
                       "ptrace",
                       "quotactl",
                       "reboot",
                       "request_key",
                       "setdomainname",
                       "sethostname",
                       "setns",
                       "settimeofday",
                       "socket",
                       "socketpair",
                       "swapoff",
                       "swapon",
                       "syslog",
                       "umount2",
                       "unshare",
                       "userfaultfd",
                       "vhangup"};
  return {{"defaultAction", "SCMP_ACT_ALLOW"},
          {"architectures", {"SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"}},
          {"syscalls", json::array{json::object{{"names", names}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 1}}}}};
}

json::object mount(const char* to, const char* type, const char* from, json::array options) {
  return {{"destination", to}, {"type", type}, {"source", from}, {"options", std::move(options)}};
}

}  // namespace

json::object container_config(const ContainerOptions& options) {
  json::array command;
  for (auto& word : options.command) command.emplace_back(word);
  json::array empty;
  json::object capabilities{
      {"bounding", empty}, {"effective", empty}, {"permitted", empty}, {"inheritable", empty}, {"ambient", empty}};
  json::object process{{"terminal", false},
                       {"user", {{"uid", module_user}, {"gid", module_user}}},
                       {"args", command},
                       {"env", {"PATH=/usr/bin:/bin", "HOME=/tmp", "OMP_NUM_THREADS=1", "MALLOC_ARENA_MAX=1"}},
                       {"cwd", "/"},
                       {"capabilities", capabilities},
                       {"noNewPrivileges", true},
                       {"rlimits", json::array{json::object{{"type", "RLIMIT_NOFILE"}, {"hard", 256}, {"soft", 256}},
                                               json::object{{"type", "RLIMIT_CORE"}, {"hard", 0}, {"soft", 0}}}}};
  json::array mounts{mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
                     mount("/dev", "tmpfs", "tmpfs", {"nosuid", "noexec", "strictatime", "mode=755", "size=64k"}),
                     mount("/tmp", "tmpfs", "tmpfs", {"nosuid", "nodev", "noexec", "mode=1777", "size=16m"}),
                     mount("/input", "bind", options.input.c_str(), {"bind", "ro", "nosuid", "nodev", "noexec"})};
  json::array namespaces;
  for (auto* type : {"pid", "network", "ipc", "uts", "mount"}) namespaces.push_back(json::object{{"type", type}});
  std::int64_t memory = options.memory_mb << 20;
  json::object resources{{"memory", {{"limit", memory}}},
                         {"cpu", {{"period", 100000}, {"quota", std::llround(options.cpus * 100000)}}},
                         {"pids", {{"limit", 64}}},
                         {"devices", json::array{json::object{{"allow", false}, {"access", "rwm"}}}}};
  json::object limits{
      {"namespaces", namespaces},
      {"resources", resources},
      {"cgroupsPath", options.cgroup},
      {"seccomp", refused_system_calls()},
      {"maskedPaths", {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/scsi"}},
      {"readonlyPaths", {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}};
  if (options.user_namespace) {
    limits["namespaces"].as_array().push_back(json::object{{"type", "user"}});
    json::object range{{"containerID", 0}, {"hostID", first_host_id}, {"size", host_ids}};
    limits["uidMappings"] = json::array{range};
    limits["gidMappings"] = json::array{range};
  }
  return {
      {"ociVersion", "1.0.2"}, {"process", process}, {"root", {{"path", options.rootfs.string()}, {"readonly", true}}},
      {"hostname", "module"},  {"mounts", mounts},   {"linux", limits}};
}

}  // namespace gyre

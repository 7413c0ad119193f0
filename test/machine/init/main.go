//go:build linux

// Command init is PID 1 of the emulated machine: it mounts what programs expect,
// loads the modules of the archive it came in, runs what the kernel's command
// line says and powers off.
//
//	machine.run=/bin/guest,-test.v;/bin/other   commands, arguments after commas
//	MODULE.PARAMETER=VALUE                      handed to the module
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	code := 0
	if err := run(); err != nil {
		fmt.Println("init:", err)
		code = 1
	}
	fmt.Printf("\nMACHINE-EXIT %d\n", code)
	unix.Sync()
	time.Sleep(20 * time.Millisecond) // for the console
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func run() error {
	for _, m := range [][2]string{{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}, {"tmpfs", "/tmp"}, {"tmpfs", "/run"}} {
		if err := unix.Mount(m[0], m[1], m[0], 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	if err := bringUp("lo"); err != nil {
		return err
	}
	line, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return err
	}
	commands, params := parse(string(line))
	if err := loadModules(params); err != nil {
		return err
	}
	for _, c := range commands {
		if err := execute(c); err != nil {
			return fmt.Errorf("%s: %w", c[0], err)
		}
	}
	return nil
}

// bringUp switches a network interface on.
func bringUp(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("switch %s on: %w", name, err)
	}
	defer func() { _ = unix.Close(fd) }()
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		return fmt.Errorf("switch %s on: %w", name, err)
	}
	return nil
}

// parse takes the kernel's command line apart.
func parse(line string) (commands [][]string, params map[string]string) {
	params = map[string]string{}
	for _, word := range strings.Fields(line) {
		key, value, _ := strings.Cut(word, "=")
		module, param, ok := strings.Cut(key, ".")
		switch {
		case key == "machine.run":
			for _, c := range strings.Split(value, ";") {
				commands = append(commands, strings.Split(c, ","))
			}
		case ok:
			params[module] += param + "=" + value + " "
		}
	}
	return commands, params
}

// loadModules loads the modules in the order of their numbered names.
func loadModules(params map[string]string) error {
	files, err := filepath.Glob("/modules/*.ko")
	if err != nil {
		return err
	}
	for _, path := range files {
		_, name, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".ko"), "-")
		if err := load(path, params[name]); err != nil {
			return fmt.Errorf("load %s: %w", name, err)
		}
	}
	return nil
}

func load(path, params string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.FinitModule(int(f.Fd()), params, 0)
}

// withoutPriority takes the right to real-time priority from the programs that
// are started from now on. The machine has one processor, and Go's runtime waits
// for its own threads by yielding: from a real-time thread to those of ordinary
// priority that is no waiting at all, and the kernel ends it after a second.
func withoutPriority() error {
	runtime.LockOSThread() // which the child inherits from
	if err := unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_NICE, 0, 0, 0); err != nil {
		return fmt.Errorf("drop the right to priority: %w", err)
	}
	return nil
}

func execute(args []string) error {
	if err := withoutPriority(); err != nil {
		return err
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	// The machine has one processor. Goroutines that wait in the kernel for each
	// other must not share one slot of the scheduler.
	cmd.Env = []string{"PATH=/bin", "HOME=/tmp", "GOMAXPROCS=4"}
	return cmd.Run()
}

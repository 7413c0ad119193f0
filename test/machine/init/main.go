//go:build linux

// Command init is PID 1 of the emulated machine: it mounts what programs expect,
// loads the modules of the archive it came in, runs what the kernel's command
// line says and powers off.
//
//	machine.run=/bin/guest,-test.v;/bin/other   commands, arguments after commas
//	machine.begin=/lib/systemd/systemd          takes the place of PID 1
//	MODULE.PARAMETER=VALUE                      handed to the module
//
// The program that takes its place starts it again, and then it runs the commands.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	line, err := os.ReadFile("/proc/cmdline")
	if os.Getpid() != 1 && err == nil {
		return executeAll(parse(string(line)).commands)
	}
	if err := mount(); err != nil {
		return err
	}
	if line, err = os.ReadFile("/proc/cmdline"); err != nil {
		return err
	}
	args := parse(string(line))
	if err := loadModules(args.params); err != nil {
		return err
	}
	if args.begin != "" {
		return unix.Exec(args.begin, []string{args.begin}, []string{"TERM=dumb"})
	}
	return executeAll(args.commands)
}

// mount makes what programs expect of a machine.
func mount() error {
	for _, m := range [][2]string{{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}, {"tmpfs", "/tmp"}, {"tmpfs", "/run"}} {
		if err := unix.Mount(m[0], m[1], m[0], 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	return bringUp("lo")
}

func executeAll(commands [][]string) error {
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

// arguments are those of the kernel that are ours.
type arguments struct {
	commands [][]string
	begin    string
	params   map[string]string // of modules
}

// parse takes the kernel's command line apart.
func parse(line string) arguments {
	a := arguments{params: map[string]string{}}
	for _, word := range strings.Fields(line) {
		key, value, _ := strings.Cut(word, "=")
		module, param, ok := strings.Cut(key, ".")
		switch {
		case key == "machine.run":
			for _, c := range strings.Split(value, ";") {
				a.commands = append(a.commands, strings.Split(c, ","))
			}
		case key == "machine.begin":
			a.begin = value
		case ok:
			a.params[module] += param + "=" + value + " "
		}
	}
	return a
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

func execute(args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	// The machine has one processor. Goroutines that wait in the kernel for each
	// other must not share one slot of the scheduler.
	cmd.Env = []string{"PATH=/bin:/sbin", "HOME=/tmp", "GOMAXPROCS=4"}
	return cmd.Run()
}

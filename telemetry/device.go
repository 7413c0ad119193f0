package telemetry

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// sensorLimit is how many sensors and disks are told.
const sensorLimit = 4

// Device tells what the computer is and how it fares. Root is the root of the
// file system.
func Device(root fs.FS, version, board string) []Collector {
	return []Collector{
		NewCollector("build", func(s *Samples) error { return build(s, version, board) }),
		NewCollector("board", func(s *Samples) error { return boardModel(s, root) }),
		NewCollector("system", func(s *Samples) error { return operatingSystem(s, root) }),
		NewCollector("process", func(s *Samples) error { return process(s, root) }),
		NewCollector("load", func(s *Samples) error { return load(s, root) }),
		NewCollector("temperature", func(s *Samples) error { return temperatures(s, root) }),
		NewCollector("throttling", func(s *Samples) error { return throttling(s, root) }),
		NewCollector("storage", func(s *Samples) error { return storage(s, root) }),
	}
}

func build(s *Samples, version, board string) error {
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, v := range info.Settings {
			if v.Key == "vcs.revision" {
				commit = v.Value[:min(12, len(v.Value))]
			}
		}
	}
	s.Info(buildInfo, version, commit, board, runtime.Version())
	return nil
}

// boardModel reads the device tree and, for the revision that boards of one
// model differ in, /proc/cpuinfo.
func boardModel(s *Samples, root fs.FS) error {
	model, err := readText(root, "proc/device-tree/model")
	if err != nil || model == "" {
		return err
	}
	compatible, err := readText(root, "proc/device-tree/compatible")
	if err != nil {
		return err
	}
	info, err := readText(root, "proc/cpuinfo")
	if err != nil {
		return err
	}
	list := strings.Split(compatible, "\x00") // from the board to the chip
	s.Info(boardInfo, model, keyed(info, "Revision", ":"), list[len(list)-1])
	return nil
}

func operatingSystem(s *Samples, root fs.FS) error {
	release, err := readText(root, "etc/os-release")
	if err != nil {
		return err
	}
	kernel, err := readText(root, "proc/sys/kernel/osrelease")
	if err != nil || release == "" && kernel == "" {
		return err
	}
	s.Info(osInfo, keyed(release, "ID", "="), keyed(release, "VERSION_ID", "="), kernel)
	return nil
}

// ticks is the unit of times in /proc/PID/stat, USER_HZ, in which the kernel
// counts for programs on every architecture that Go runs on (proc(5)).
const ticks = 100

func process(s *Samples, root fs.FS) error {
	text, err := readText(root, "proc/self/stat")
	if err != nil || text == "" {
		return err
	}
	_, rest, _ := strings.Cut(text, ") ") // the name before may hold spaces
	fields := strings.Fields(rest)
	if len(fields) < 22 {
		return fmt.Errorf("proc/self/stat has %d fields", len(fields))
	}
	user, err1 := strconv.ParseUint(fields[11], 10, 64)
	system, err2 := strconv.ParseUint(fields[12], 10, 64)
	pages, err3 := strconv.ParseUint(fields[21], 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("proc/self/stat: %w", err)
	}
	s.Set(processCPU, float64(user+system)/ticks)
	s.Set(processMemory, float64(pages)*float64(unix.Getpagesize()))
	return nil
}

func load(s *Samples, root fs.FS) error {
	avg, err1 := readText(root, "proc/loadavg")
	memory, err2 := readText(root, "proc/meminfo")
	up, err3 := readText(root, "proc/uptime")
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	first := func(text string) (float64, bool) {
		word, _, _ := strings.Cut(text, " ")
		v, err := strconv.ParseFloat(word, 64)
		return v, err == nil
	}
	if v, ok := first(avg); ok {
		s.Set(load1, v)
	}
	if v, ok := first(keyed(memory, "MemAvailable", ":")); ok {
		s.Set(memoryAvailable, v*1024)
	}
	if v, ok := first(up); ok {
		s.Set(uptime, v)
	}
	return nil
}

func temperatures(s *Samples, root fs.FS) error {
	zones, err := fs.Glob(root, "sys/class/thermal/thermal_zone*")
	if err != nil {
		return err
	}
	var errs []error
	seen := map[string]bool{}
	for _, zone := range zones {
		name, err := readText(root, zone+"/type")
		if err != nil || name == "" || seen[name] || len(seen) == sensorLimit {
			errs = append(errs, err)
			continue
		}
		v, ok, err := readNumber(root, zone+"/temp") // thousandths of a degree
		if ok {
			seen[name] = true
			s.Set(temperature, v/1000, name)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// throttledFile is where the firmware of a Raspberry Pi says why it holds the
// processor back: bits 0 to 3 now, 16 to 19 since the start.
const throttledFile = "sys/devices/platform/soc/soc:firmware/get_throttled"

func throttling(s *Samples, root fs.FS) error {
	text, err := readText(root, throttledFile)
	if err != nil || text == "" {
		return err
	}
	bits, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 32)
	if err != nil {
		return fmt.Errorf("get_throttled: %w", err)
	}
	for i, cause := range throttled.Labels[0].Values {
		s.Flag(throttled, bits>>i&1 == 1, cause)
	}
	return nil
}

// sectorSize is the unit of /sys/block/*/stat, whatever the disk has.
const sectorSize = 512

func storage(s *Samples, root fs.FS) error {
	disks, err := fs.Glob(root, "sys/block/*")
	if err != nil {
		return err
	}
	var errs []error
	told := 0
	for _, disk := range disks {
		if !isDisk(path.Base(disk)) || told == sensorLimit {
			continue
		}
		told++
		errs = append(errs, diskWritten(s, root, disk), diskLife(s, root, disk))
	}
	return errors.Join(errs...)
}

// isDisk tells disks from memory, loops and the boot areas of an eMMC.
func isDisk(name string) bool {
	for _, prefix := range []string{"mmcblk", "sd", "nvme", "vd", "mtdblock"} {
		if strings.HasPrefix(name, prefix) {
			return !strings.Contains(name, "boot") && !strings.Contains(name, "rpmb")
		}
	}
	return false
}

func diskWritten(s *Samples, root fs.FS, disk string) error {
	text, err := readText(root, disk+"/stat")
	if err != nil || text == "" {
		return err
	}
	fields := strings.Fields(text)
	if len(fields) < 7 {
		return fmt.Errorf("%s/stat has %d fields", disk, len(fields))
	}
	sectors, err := strconv.ParseUint(fields[6], 10, 64)
	if err != nil {
		return fmt.Errorf("%s/stat: %w", disk, err)
	}
	s.Set(storageWritten, float64(sectors*sectorSize), path.Base(disk))
	return nil
}

// diskLife reads the two estimates of an eMMC, for its two kinds of cells: 1 is
// up to a tenth, 11 beyond the end (JEDEC JESD84-B51 §7.4.21).
func diskLife(s *Samples, root fs.FS, disk string) error {
	text, err := readText(root, disk+"/device/life_time")
	if err != nil || text == "" {
		return err
	}
	worst := uint64(0)
	for _, word := range strings.Fields(text) {
		v, err := strconv.ParseUint(strings.TrimPrefix(word, "0x"), 16, 8)
		if err != nil {
			return fmt.Errorf("%s/device/life_time: %w", disk, err)
		}
		worst = max(worst, v)
	}
	if worst > 0 { // 0: the part does not tell
		s.Set(storageLife, float64(worst)/10, path.Base(disk))
	}
	return nil
}

// FreeSpace tells the room on the file system of the state folder.
func FreeSpace(dir string) Collector {
	return NewCollector("free space", func(s *Samples) error {
		var st unix.Statfs_t
		if err := unix.Statfs(dir, &st); err != nil {
			return fmt.Errorf("statfs: %w", err)
		}
		s.Set(storageFree, float64(st.Bavail)*float64(st.Bsize), "state")
		return nil
	})
}

// Clock tells whether the kernel's clock follows a time server.
func Clock() Collector {
	return NewCollector("clock", func(s *Samples) error {
		offset, synchronized, err := kernelClock()
		if err != nil {
			return err
		}
		s.Flag(clockSynchronized, synchronized)
		if synchronized {
			s.Set(clockOffset, offset.Seconds())
		}
		return nil
	})
}

// ClockSet reports whether the kernel's clock follows a time server.
func ClockSet() bool {
	_, ok, err := kernelClock()
	return ok && err == nil
}

// kernelClock reads the state of the kernel's clock (adjtimex(2)).
func kernelClock() (offset time.Duration, synchronized bool, err error) {
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	if err != nil {
		return 0, false, fmt.Errorf("adjtimex: %w", err)
	}
	unit := time.Microsecond
	if tx.Status&unix.STA_NANO != 0 {
		unit = time.Nanosecond
	}
	return time.Duration(tx.Offset) * unit, state != unix.TIME_ERROR && tx.Status&unix.STA_UNSYNC == 0, nil
}

package doctor

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/board"
)

// Computer checks the computer below root for a board of which name is how it is
// called; who is the account of the agent, nil if it is not known. now is the
// time of the computer.
func Computer(root fs.FS, name string, d *board.Description, who *Account, now time.Time) []Finding {
	all := kernel(root, d)
	all = append(all, overlay(root, name, d)...)
	all = append(all, devices(root, d, who)...)
	return append(all, clock(root, now)...)
}

// overlay checks that the device tree is that of the board.
func overlay(root fs.FS, name string, d *board.Description) []Finding {
	n := &notes{check: "overlay"}
	m := board.ReadMachine(root)
	switch {
	case m.Model == "" && len(m.Compatible) == 0:
		return nil // a computer without device tree has no overlays
	case m.Board == "" && len(d.Compatible) > 0:
		n.add(Warning, "no overlay of this program is loaded", fmt.Sprintf("load docs/boards/overlays/%s.dts as docs/boards says", d.ID))
	case m.Board != "" && m.Board != d.ID && m.Board != name:
		n.add(Fault, fmt.Sprintf("the overlay is that of %s, the board file that of %s", m.Board, d.ID), "load the overlay of the board, or name the board of the overlay by -board")
	case len(d.Compatible) > 0 && !overlaps(d.Compatible, m.Compatible):
		n.add(Warning, fmt.Sprintf("the board %s is not made for this computer, %s", d.ID, m.Model), "ata-agent board list says which are")
	}
	return n.ok("belongs to the board")
}

func overlaps(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}

// built is before every day on which this program runs.
var built = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// clock checks that the time is set, which certificates, logs and the caller's
// display depend on.
func clock(root fs.FS, now time.Time) []Finding {
	n := &notes{check: "time"}
	if now.Before(built) {
		n.add(Fault, fmt.Sprintf("the time is not set: it is %s", now.UTC().Format(time.DateOnly)), "turn time synchronisation on: timedatectl set-ntp true; let UDP port 123 out")
		return n.all
	}
	if _, err := fs.Stat(root, "run/systemd/timesync/synchronized"); err != nil && timesync(root) {
		n.add(Warning, "the time has not been synchronised since the start", "timedatectl timesync-status says why; let UDP port 123 out")
	}
	return n.ok("is set")
}

// timesync says that systemd is what synchronises the time.
func timesync(root fs.FS) bool {
	_, err := fs.Stat(root, "run/systemd/timesync")
	return err == nil
}

// Resolvers checks that the computer knows a name server.
func Resolvers(root fs.FS) []Finding {
	n := &notes{check: "dns"}
	servers := 0
	for _, line := range strings.Split(text(root, "etc/resolv.conf"), "\n") {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "nameserver" {
			servers++
		}
	}
	if servers == 0 {
		n.add(Fault, "no name server is known", "look at the network's DHCP, or name one in /etc/resolv.conf")
	}
	return n.ok(fmt.Sprintf("%d name servers are known", servers))
}

package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/board"
)

// devices checks that what a board names is there and may be used by an account.
func devices(root fs.FS, d *board.Description, who *Account) []Finding {
	var all []Finding
	for _, p := range ports(d) {
		all = append(all, node(root, strings.TrimPrefix(p, "/"), who, "turn SPI on: load the board's overlay, and the module spidev")...)
	}
	all = append(all, pins(root, who)...)
	all = append(all, card(root, &d.Audio, who)...)
	return append(all, lamps(root, &d.LEDs)...)
}

// node checks one device node; missing is what to do where there is none.
func node(root fs.FS, name string, who *Account, missing string) []Finding {
	n := &notes{check: "node", subject: "/" + name}
	info, err := fs.Stat(root, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		n.add(Fault, "the device is missing", missing)
		return n.all
	case err != nil:
		n.add(Unknown, err.Error(), "")
		return n.all
	}
	uid, gid, ok := owner(info)
	if ok && who != nil && !who.may(info.Mode(), uid, gid) {
		n.check = "access"
		n.add(Fault, fmt.Sprintf("%s may not use the device: it belongs to group %s, mode %#o", who.Name, groupName(root, gid), info.Mode().Perm()), remedyAccess(root, who, gid, info.Mode()))
	}
	return n.ok("is there")
}

func remedyAccess(root fs.FS, who *Account, gid uint32, mode fs.FileMode) string {
	if mode&0o060 == 0o060 && gid != 0 {
		return fmt.Sprintf("usermod -aG %s %s, and start the agent again", groupName(root, gid), who.Name)
	}
	return "install the udev rules of the package (60-ata-agent.rules) and run udevadm trigger"
}

// pins checks the GPIO controllers.
func pins(root fs.FS, who *Account) []Finding {
	chips, err := fs.Glob(root, "dev/gpiochip*")
	if err != nil || len(chips) == 0 {
		n := &notes{check: "node", subject: "/dev/gpiochip*"}
		n.add(Fault, "there is no GPIO controller", "the kernel needs CONFIG_GPIO_CDEV and a driver for the computer's pins")
		return n.all
	}
	var all []Finding
	for _, c := range chips {
		all = append(all, node(root, c, who, "")...)
	}
	return all
}

// card checks the sound card that is the PCM highway.
func card(root fs.FS, a *board.Audio, who *Account) []Finding {
	n := &notes{check: "card", subject: a.Card}
	index, known := findCard(root, a.Card)
	if index < 0 {
		has := "this computer has none"
		if len(known) > 0 {
			has = "this computer has " + strings.Join(known, ", ")
		}
		n.add(Fault, fmt.Sprintf("there is no sound card %s: %s", a.Card, has),
			"without it there is no PCM clock and no line works: load the board's overlay, see docs/boards")
		return n.all
	}
	capture := a.Capture
	if capture == 0 {
		capture = a.Device
	}
	all := n.ok(fmt.Sprintf("is card %d", index))
	for _, name := range []string{fmt.Sprintf("pcmC%dD%dp", index, a.Device), fmt.Sprintf("pcmC%dD%dc", index, capture), fmt.Sprintf("controlC%d", index)} {
		all = append(all, node(root, path.Join("dev/snd", name), who, "the card has no such PCM device: look at audio.device and audio.capture_device of the board file")...)
	}
	return all
}

// findCard is the number of a card, -1 if there is none, and the ids of all.
func findCard(root fs.FS, id string) (index int, known []string) {
	index = -1
	cards, err := fs.Glob(root, "proc/asound/card[0-9]*")
	if err != nil {
		return index, nil
	}
	for _, c := range cards {
		name := text(root, path.Join(c, "id"))
		if name == "" {
			continue
		}
		known = append(known, name)
		if i, err := strconv.Atoi(strings.TrimPrefix(path.Base(c), "card")); err == nil && name == id {
			index = i
		}
	}
	return index, known
}

// lamps checks the LEDs of the kernel that a board names.
func lamps(root fs.FS, l *board.LEDs) []Finding {
	var all []Finding
	for _, name := range append([]string{l.Power, l.Network, l.Message}, l.Lines...) {
		led, ok := strings.CutPrefix(name, "led:")
		if !ok {
			continue
		}
		n := &notes{check: "lamp", subject: name}
		if _, err := fs.Stat(root, path.Join("sys/class/leds", led)); err != nil {
			n.add(Warning, "the kernel has no such LED", "ls /sys/class/leds shows those it has")
		}
		all = append(all, n.ok("is there")...)
	}
	return all
}

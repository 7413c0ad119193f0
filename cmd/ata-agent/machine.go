package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	boardfile "github.com/ata-agent/ata-agent/board"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/state"
)

// machine is what an agent is to run on, before anything of it is touched.
type machine struct {
	virtual     sim.Hardware           // when there is no description
	description *boardfile.Description // of a real board
	identity    boardfile.Identity
}

// virtualBoards are the names of boards whose telephones are in this computer.
var virtualBoards = map[string]sim.Hardware{
	"virtual": sim.Si321x, "virtual-gpio": sim.Ag1171, "virtual-handset": sim.Handset,
}

// virtualNames are the names of the virtual boards, sorted.
func virtualNames() string {
	return strings.Join(slices.Sorted(maps.Keys(virtualBoards)), ", ")
}

// findMachine finds the board of a name or file; without one, the board that the
// factory named, else the one that is detected.
func findMachine(name string, root fs.FS) (*machine, error) {
	id, err := boardfile.ReadIdentity(root)
	if hardware, ok := virtualBoards[name]; ok {
		return &machine{virtual: hardware, identity: id}, nil // a computer need not know who it is
	}
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = id.Board
	}
	if name == "" {
		if name, err = detect(root); err != nil {
			return nil, err
		}
	}
	d, err := describeBoard(name)
	if err != nil {
		return nil, err
	}
	return &machine{description: d, identity: id}, nil
}

// detect names the board that this computer is.
func detect(root fs.FS) (string, error) {
	d, err := boardfile.Detect(root)
	if err != nil {
		return "", err
	}
	name, err := d.Name()
	if errors.Is(err, boardfile.ErrNoBoard) {
		return "", &usageError{err.Error() + "; say -board NAME|FILE, or -board virtual for telephones in this computer"}
	}
	return name, err
}

// describeBoard reads and checks the board of a name or file.
func describeBoard(name string) (*boardfile.Description, error) {
	data, err := readBoard(name)
	if err != nil {
		return nil, err
	}
	d, err := boardfile.Parse(name, data)
	if err != nil {
		return nil, fmt.Errorf("the board file is not valid\n%w", err)
	}
	return d, nil
}

// readBoard returns the built-in board file of a name, or a file.
func readBoard(name string) ([]byte, error) {
	if data, ok := boardfile.Profile(name); ok {
		return data, nil
	}
	if !strings.ContainsRune(name, filepath.Separator) && !strings.HasSuffix(name, ".json") {
		return nil, &usageError{fmt.Sprintf("no board %q: known are %s, %s, or the name of a file", name, virtualNames(), strings.Join(boardfile.Profiles(), ", "))}
	}
	return os.ReadFile(name)
}

// region is the country of lines that name none.
func (m *machine) region() string {
	if m.description == nil {
		return ""
	}
	return m.description.Region
}

// id is the name of the board, whether it is described or virtual.
func (m *machine) id() string {
	if m.description == nil {
		return "virtual"
	}
	return m.description.ID
}

// open puts the hardware together; nothing of a real board is touched before
// the agent runs.
func (m *machine) open(cfg *config.Config, dir state.Dir, log *slog.Logger) (*board, error) {
	cal := loadCalibrations(dir, m.id(), time.Now(), log)
	if m.description == nil {
		return newVirtualBoard(m.virtual, cfg, cal, log)
	}
	devices := boardfile.System()
	b, err := boardfile.Open(m.description, devices, boardfile.Opts{Logger: log, Calibration: cal.of, Calibrated: cal.put})
	if err != nil {
		return nil, err
	}
	log.Info("board", "board", m.description.ID, "model", m.identity.Model, "serial", m.identity.Serial, "mac", m.identity.MAC.String())
	return &board{
		name: m.description.ID, hardware: agent.Hardware{PCM: b.PCM, Lines: b.Lines, Priority: true}, close: b.Close, calibrations: cal,
		front: func() (*front, error) {
			p, err := boardfile.OpenPanel(m.description, devices)
			if !p.Fitted() {
				return nil, errors.Join(err, p.Close())
			}
			return &front{Panel: &p.Panel, close: p.Close}, err
		},
	}, nil
}

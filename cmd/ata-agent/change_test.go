package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/state"
)

// TestBoardThatDoesNotOpen tries a configuration for which the board does not
// open: the one before goes on, and that the new one failed is remembered.
func TestBoardThatDoesNotOpen(t *testing.T) {
	dir, err := state.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(`{"lines": [{"name": "before", "enabled": false}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var opened []string
	s := &service{
		dir: dir, log: slog.New(slog.DiscardHandler), level: new(slog.LevelVar),
		memory: &memory{dir: dir, file: file, log: slog.New(slog.DiscardHandler), keepers: []state.Keeper{state.Software()}},
		open: func(c *config.Config) (*board, error) {
			opened = append(opened, c.Lines[0].Name)
			if c.Lines[0].Name == "after" {
				return nil, errors.New("no such device")
			}
			return &board{}, nil
		},
	}
	if _, err := s.begin(); err != nil {
		t.Fatal(err)
	}
	layer := config.Layer{Name: config.Device, Source: "server", Data: []byte(`{"generation": 7, "lines": [{"name": "after"}]}`)}
	layers := config.WithLayer(s.memory.layers, layer)
	next, err := config.Merge("", layers...)
	if err != nil {
		t.Fatal(err)
	}
	s.memory.beginTrial()
	s.waiting = &waiting{layers: layers, effective: next, source: "server"}
	if err := s.renew(); err != nil || s.config.Lines[0].Name != "before" || len(opened) != 3 {
		t.Fatalf("%q is in force, opened for %q: %v", s.config.Lines[0].Name, opened, err)
	}
	s.memory.rollBack("the board does not open", s.layers())
	if v, ok := s.memory.known(layer); !ok || v.Result != state.RolledBack || v.Failures != 1 {
		t.Errorf("remembered: %v, %+v", ok, v)
	}
	own := config.Layer{Name: config.Owner, Source: "owner", Data: []byte(`{}`)}
	s.memory.beginTrial()
	s.waiting = &waiting{layers: config.WithLayer(layers, own), effective: next}
	if kept := s.memory.rollBack("again", s.layers()); len(kept) != 2 || kept[1].Name != config.Owner {
		t.Errorf("after a roll-back while the owner's change waits there is %v", kept)
	}
	if stored := s.memory.stored(); len(stored) != 1 || stored[0].Name != config.Factory {
		t.Errorf("the last good is %v", stored)
	}
}

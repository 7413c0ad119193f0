package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/panel"
	"github.com/ata-agent/ata-agent/sim"
)

// board is the hardware an agent runs on.
type board struct {
	hardware agent.Hardware
	virtual  *sim.Board   // nil: a real one
	close    func() error // nil: nothing to close

	calibrations *calibrations

	// front opens the panel, nil if the board has none. Its error says what is
	// missing of it.
	front func() (*front, error)
}

// newVirtualBoard opens a board in this computer with a port for each line of a
// document, at least one.
func newVirtualBoard(hardware sim.Hardware, cfg *config.Config, cal *calibrations, log *slog.Logger) (*board, error) {
	b, err := sim.NewBoard(sim.BoardOpts{
		Hardware: hardware, Lines: max(len(cfg.Lines), 1), Realtime: true, Logger: log,
		Calibration: cal.of, Calibrated: cal.put,
		Country: func(line int) *country.Country { return countryOf(cfg, line) },
	})
	if err != nil {
		return nil, err
	}
	v := panel.NewVirtual(len(b.Lines))
	return &board{
		hardware: agent.Hardware{PCM: b.PCM, Lines: b.Lines}, virtual: b, calibrations: cal,
		front: func() (*front, error) {
			return &front{Panel: &v.Panel, virtual: v, close: func() error { return nil }}, nil
		},
	}, nil
}

// countryOf is where the user of a virtual telephone lives; nil where the
// document has no such line.
func countryOf(cfg *config.Config, line int) *country.Country {
	if line >= len(cfg.Lines) {
		return nil
	}
	c, _ := country.Lookup(cfg.Lines[line].SLIC.Country)
	return c
}

// moveTo tells the users of virtual telephones the tones of the countries of a
// changed document.
func (b *board) moveTo(cfg *config.Config) {
	if b.virtual == nil {
		return
	}
	for i, p := range b.virtual.Phones {
		if c := countryOf(cfg, i); c != nil {
			p.SetCountry(c)
		}
	}
}

// lacks says whether a document has more lines than there are ports, where there
// can be more.
func (b *board) lacks(cfg *config.Config) bool {
	return b.virtual != nil && len(cfg.Lines) > len(b.hardware.Lines)
}

// holds fails if a document has more lines than a real board has ports.
func (b *board) holds(cfg *config.Config) error {
	if ports := len(b.hardware.Lines); b.virtual == nil && len(cfg.Lines) > ports {
		return fmt.Errorf("the configuration has %d lines, the board %d ports", len(cfg.Lines), ports)
	}
	return nil
}

// end closes the board, if there is something to close.
func (b *board) end() error {
	if b.close == nil {
		return nil
	}
	return b.close()
}

// phoneRequest is the body of POST /v1/phone/N.
type phoneRequest struct {
	Actions []string `json:"actions"`
}

// phoneTrailer carries how a sequence of actions ended; empty is well.
const phoneTrailer = "X-Error"

// servePhone works a telephone of a virtual board. The answer is what the
// telephone reports, as it goes, and a trailer with the error that ended it.
func (b *board) servePhone(w http.ResponseWriter, r *http.Request) {
	if b.virtual == nil {
		http.Error(w, "this is not a virtual board", http.StatusConflict)
		return
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 1 || n > len(b.virtual.Phones) {
		http.Error(w, fmt.Sprintf("no telephone %q, there are 1 to %d", r.PathValue("n"), len(b.virtual.Phones)), http.StatusNotFound)
		return
	}
	var req phoneRequest
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&req); err != nil {
		http.Error(w, "actions: "+err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Trailer", phoneTrailer)
	out := &flushing{w, http.NewResponseController(w)}
	if err := b.virtual.Do(r.Context(), n, req.Actions, out); err != nil {
		w.Header().Set(phoneTrailer, strconv.Quote(err.Error()))
	}
}

// flushing sends every write at once.
type flushing struct {
	io.Writer
	control *http.ResponseController
}

func (f *flushing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		err = f.control.Flush()
	}
	return n, err
}

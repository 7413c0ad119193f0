package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/sip/siptest"
	"github.com/ata-agent/ata-agent/state"
)

// Numbers of the demo's telephones.
const (
	demoOne = "101"
	demoTwo = "102"
	demoFar = "200"
)

func runDemo(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "demo", "two telephones, a registrar and a far end on this computer")
	script := f.Bool("script", false, "play whole calls by itself and print what was measured")
	boardName := f.String("board", "virtual", "board of the telephones: "+virtualNames())
	nation := f.String("country", "US", "country of the telephones")
	verbose := f.Bool("v", false, "print the agent's log")
	if err := f.parse(args); err != nil {
		return err
	}
	if _, ok := country.Lookup(*nation); !ok {
		return &usageError{fmt.Sprintf("unknown country %q", *nation)}
	}
	hardware, ok := virtualBoards[*boardName]
	if !ok {
		return &usageError{fmt.Sprintf("no virtual board %q: known are %s", *boardName, virtualNames())}
	}
	log := slog.New(slog.DiscardHandler)
	if *verbose {
		log = newLogger(env.stderr, slog.LevelDebug)
	}
	d, err := newDemo(hardware, *nation, log)
	if err != nil {
		return err
	}
	defer d.remove()
	if *script {
		return d.run(ctx, func(ctx context.Context) error { return d.playScript(ctx, env.stdout) })
	}
	return d.run(ctx, func(ctx context.Context) error { return d.live(ctx, env) })
}

// demo is the agent with two telephones, and beyond the registrar a second
// agent with one telephone that answers by itself: the far end.
type demo struct {
	hardware  sim.Hardware // of home
	dir       string
	registrar *siptest.Registrar
	home, far *service
}

func newDemo(hardware sim.Hardware, nation string, log *slog.Logger) (*demo, error) {
	d := &demo{hardware: hardware}
	var err error
	if d.dir, err = os.MkdirTemp("", "ata-agent-demo"); err != nil {
		return nil, err
	}
	if err := d.build(nation, log); err != nil {
		d.remove()
		return nil, err
	}
	return d, nil
}

func (d *demo) build(nation string, log *slog.Logger) error {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	users := map[string]string{}
	for _, n := range []string{demoOne, demoTwo, demoFar} {
		users[n] = "demo-" + n
	}
	d.registrar, err = siptest.NewRegistrar(conn, siptest.Opts{Domain: "demo.test", Users: users, Logger: log.With("part", "registrar")})
	if err != nil {
		return err
	}
	server := d.registrar.Addr().String()
	if d.home, err = d.service("home", d.hardware, nation, server, log, demoOne, demoTwo); err != nil {
		return err
	}
	d.far, err = d.service("far", sim.Si321x, nation, server, log.With("part", "far"), demoFar)
	return err
}

// service is an agent on a virtual board with a line for each number.
func (d *demo) service(name string, hardware sim.Hardware, nation, server string, log *slog.Logger, numbers ...string) (*service, error) {
	cfg, err := config.Parse(name, demoConfig(nation, server, numbers))
	if err != nil {
		return nil, err
	}
	dir, err := state.Open(filepath.Join(d.dir, name))
	if err != nil {
		return nil, err
	}
	b, err := newVirtualBoard(hardware, cfg, loadCalibrations(dir, name, time.Now(), log), log)
	if err != nil {
		return nil, err
	}
	return &service{config: cfg, board: b, dir: dir, log: log, level: new(slog.LevelVar)}, nil
}

func demoConfig(nation, server string, numbers []string) []byte {
	type object = map[string]any
	var lines []object
	for _, n := range numbers {
		lines = append(lines, object{
			"name": "telephone " + n,
			"sip": object{
				"registrar": "demo.test", "outbound_proxy": server, "user": n, "password": "demo-" + n,
				"display_name": "Telephone " + n, "local_address": "127.0.0.1",
			},
			"dial": object{"plan": "(10x|200|9[3-6]xx)"},
			"slic": object{"country": nation},
		})
	}
	doc, err := json.Marshal(object{"schema": 1, "lines": lines})
	if err != nil {
		panic("demo: " + err.Error()) // maps and strings alone
	}
	return doc
}

func (d *demo) remove() { _ = os.RemoveAll(d.dir) }

// phones are the demo's telephones by number from 1; the far end's is not one
// of them.
func (d *demo) phone(n int) *sim.Telephone { return d.home.board.virtual.Phones[n-1] }

// run serves everything while the play goes on.
func (d *demo) run(ctx context.Context, play func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var parts sync.WaitGroup
	errs := make([]error, 3)
	part := func(i int, serve func(context.Context) error) {
		parts.Go(func() {
			defer stop() // nothing to play to any more
			errs[i] = serve(serving)
		})
	}
	registrar, endRegistrar := context.WithCancel(context.WithoutCancel(ctx))
	defer endRegistrar()
	var proxy sync.WaitGroup
	var proxyErr error
	proxy.Go(func() { proxyErr = d.registrar.Run(registrar) })
	part(0, d.home.run)
	part(1, d.far.run)
	part(2, d.serveFarEnd)

	played := play(ctx)
	end()
	parts.Wait()
	endRegistrar() // the lines took their registrations back
	proxy.Wait()
	return errors.Join(append(errs, played, proxyErr)...)
}

// serveFarEnd is the person at the far end: answers after a ring, says a
// sentence, waits until the caller hangs up.
func (d *demo) serveFarEnd(ctx context.Context) error {
	speech := filepath.Join(d.dir, "far.wav")
	if err := os.WriteFile(speech, speechIntro, 0o600); err != nil {
		return err
	}
	phone := d.far.board.virtual.Phones[0]
	call := []string{
		"wait", "ringing", "-timeout", "24h", "pause", "1s", "offhook", "pause", "300ms", "say", speech,
		"wait", "tone:reorder", "-timeout", "1h", "onhook", "pause", "1s",
	}
	for ctx.Err() == nil {
		if err := phone.Do(ctx, call, io.Discard); err != nil && ctx.Err() == nil {
			_ = phone.Do(ctx, []string{"onhook", "pause", "2s"}, io.Discard) // whatever went wrong: be ready for the next
		}
	}
	return nil
}

// ready waits until the lines of an agent are in service.
func ready(ctx context.Context, s *service) error {
	client := newControlClient(string(s.dir))
	for {
		var st agent.Status
		if err := client.get(ctx, "/v1/status", &st); err == nil && inService(st) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the lines did not come into service: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func inService(s agent.Status) bool {
	for _, l := range s.Lines {
		if !l.PortUp || l.Registration != "registered" {
			return false
		}
	}
	return true
}

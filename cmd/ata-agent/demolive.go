package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/sim"
)

const demoHelp = `Two telephones are plugged in, numbers 101 and 102; a third, 200, is far away and answers by itself.
What each telephone hears and does is printed here. Type what they should do, for example:

  1 offhook wait tone:dial dial 200      telephone 1 calls the far end
  1 onhook                               and hangs up
  2 offhook wait tone:dial %[2]s 101     telephone 2 calls 101%[3]s
  1 offhook                              telephone 1 answers
  2 onhook
  1 offhook dial 9486                    a call that fails: busy

Or work them from another terminal, as programs do:

  ata-agent phone -state %[1]s 1 offhook wait tone:dial dial 200 wait talk
  ata-agent status -state %[1]s
  ata-agent events -follow -state %[1]s

"help" lists all actions, Ctrl-C ends.

`

// live prints what the telephones notice and carries out what is typed.
func (d *demo) live(ctx context.Context, env *environment) error {
	starting, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := ready(starting, d.home); err != nil {
		return err
	}
	if err := ready(starting, d.far); err != nil {
		return err
	}
	how, words := "pulse", " with a rotary dial"
	if d.hardware == sim.Handset {
		how, words = "dial ", ""
	}
	fmt.Fprintf(env.stdout, demoHelp, string(d.home.dir), how, words)
	typed := make(chan string)
	go readLines(env.stdin, typed) // ends with the process: a read cannot be called off
	seen := make([]string, len(d.home.board.virtual.Phones))
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-typed:
			if !ok {
				typed = nil // no more input; go on printing
				continue
			}
			d.typed(ctx, env.stdout, line)
		case <-look.C:
			for i, p := range d.home.board.virtual.Phones {
				if now := notice(p.State()); now != seen[i] {
					fmt.Fprintf(env.stdout, "%s  telephone %d  %s\n", time.Now().Format("15:04:05.0"), i+1, now)
					seen[i] = now
				}
			}
		}
	}
}

func readLines(r io.Reader, lines chan<- string) {
	defer close(lines)
	s := bufio.NewScanner(r)
	for s.Scan() {
		lines <- s.Text()
	}
}

// typed starts what a person typed; it goes on beside what comes next.
func (d *demo) typed(ctx context.Context, out io.Writer, line string) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return
	}
	if words[0] == "help" {
		fmt.Fprint(out, sim.Verbs())
		return
	}
	n := strings.IndexAny("12", words[0])
	if n < 0 || len(words[0]) != 1 || len(words) < 2 {
		fmt.Fprintln(out, "say 1 or 2 and what the telephone should do, or help")
		return
	}
	actions := words[1:]
	if err := sim.Check(actions); err != nil {
		fmt.Fprintln(out, err)
		return
	}
	go func() {
		if err := d.phone(n+1).Do(ctx, actions, out); err != nil && ctx.Err() == nil {
			fmt.Fprintf(out, "telephone %d: %v\n", n+1, err)
		}
	}()
}

// notice is what a person at the telephone would say of it.
func notice(s sim.State) string {
	switch {
	case s.Ring != nil && s.Ring.Bursting:
		return "rings, " + s.Ring.Strength()
	case s.Ring != nil:
		return "is quiet between two rings"
	case !s.OffHook:
		return "is on hook"
	case s.Tone != sim.NoTone:
		return fmt.Sprintf("hears %s tone", s.Tone)
	case s.Talk:
		return "hears somebody talk"
	case s.Keys != "":
		return "is off hook, heard keys " + s.Keys
	}
	return "is off hook"
}

package state_test

import (
	"fmt"
	"os"

	"github.com/ata-agent/ata-agent/state"
)

// A configuration is tried, given up, and tried again with success.
func ExampleDocument() {
	folder, err := os.MkdirTemp("", "state")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	dir, err := state.Open(folder)
	if err != nil {
		fmt.Println(err)
		return
	}
	vault, err := dir.Vault(state.Software())
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := vault.Document("config")
	if err != nil {
		fmt.Println(err)
		return
	}
	steps := []func() error{
		func() error { _, err := doc.SaveTrial(state.Meta{Source: "server"}, []byte("one")); return err },
		doc.Confirm,
		func() error { _, err := doc.SaveTrial(state.Meta{Source: "server"}, []byte("two")); return err },
		func() error { return doc.RollBack("does not register") },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			fmt.Println(err)
		}
	}
	_, good, _ := doc.LastGood()
	fmt.Printf("good is %q\n", good)
	for _, v := range doc.History() {
		fmt.Println(v.Number, v.Result, v.Reason)
	}
	// Output:
	// good is "one"
	// 2 rolled back does not register
	// 1 good
}

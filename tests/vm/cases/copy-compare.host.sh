at_least "read into C" "$(bytes compare read C)" $((16 << 20))
at_most "read into C" "$(bytes compare read C)" $((17 << 20))
at_least "read into host memory" "$(bytes compare read host)" $((16 << 20))
at_least "written from host memory" "$(bytes compare write host)" $((16 << 20))

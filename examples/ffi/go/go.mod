module example.com/qdq-from-go

go 1.19
